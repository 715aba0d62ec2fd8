"""Calls a server with the openai package as its users do, with default settings, and prints one JSON document.

Usage: openai_client_check.py URL QUESTION, where QUESTION is a JSON document: {"model", "texts", "tokens"}; `tokens`
are the token ids of the texts.
"""

from __future__ import annotations

import json
import sys
from typing import TypedDict

from openai import APIStatusError, OpenAI


class Question(TypedDict):
    """What to ask the server."""

    model: str
    texts: list[str]
    tokens: list[list[int]]


def refusal(client: OpenAI, **request: object) -> dict[str, object] | None:
    """How the client reports a request that the server refuses; None when it takes it."""
    try:
        client.embeddings.create(**request)
    except APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    return None


def check(client: OpenAI, question: Question) -> dict[str, object]:
    """Everything that the client sees of the server."""
    model, texts, tokens = question["model"], question["texts"], question["tokens"]

    def vectors(given: object, **more: object) -> list[list[float]]:
        answer = client.embeddings.create(model=model, input=given, **more)
        assert [item.index for item in answer.data] == list(range(len(answer.data)))
        return [item.embedding for item in answer.data]

    usage = client.embeddings.create(model=model, input=texts).usage
    return {
        "text": vectors(texts[0]),
        "texts": vectors(texts),
        "tokens": vectors(tokens[0]),
        "tokenLists": vectors(tokens),
        "floats": vectors(texts, encoding_format="float"),
        "usage": [usage.prompt_tokens, usage.total_tokens],
        "otherModel": refusal(client, model="another", input="a"),
        "emptyText": refusal(client, model=model, input=""),
        "dimensions": refusal(client, model=model, input="a", dimensions=7),
    }


def main() -> None:
    """Runs the program."""
    url, question = sys.argv[1:]
    with OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as client:
        print(json.dumps(check(client, json.loads(question))))


if __name__ == "__main__":
    main()
