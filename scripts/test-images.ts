import { buildImages, targetNames } from "@sweetspot/images";
import { prepareImages } from "@sweetspot/test/cluster";
import { imageArchives } from "@sweetspot/test/e2e";

/**
 * Builds the images that have changed once, before the tests that use them side by side: none of them has to wait for
 * another one's build, or clears away what that still needs. Where it fails, those tests say why.
 */
export async function setup(): Promise<void> {
  try {
    await buildImages({ targets: [...targetNames], progress: console.log });
    await prepareImages(await imageArchives());
  } catch (error) {
    console.warn(`The images could not be built or loaded. ${(error as Error).message}`);
  }
}
