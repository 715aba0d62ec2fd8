// Command noise stands in for a tuner that went mad: it prints garbage, or a hundred megabytes of it behind a result that
// promises a report.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

const (
	terminationLog = "/dev/termination-log"
	floodBytes     = 100 << 20
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "noise:", err)
		os.Exit(1)
	}
}

// run takes the kind of noise and ignores what a tuner would be told.
func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("use: noise garbage | flood")
	}
	switch args[0] {
	case "garbage":
		fmt.Print("sweetspot-record/1 TuningReport 1/9999 00 =\n\x00\xff\x1b[31m{\"apiVersion\":")
		return os.WriteFile(terminationLog, []byte("{\"state\": \"Succeeded\", \"message\": \x00"), 0o644)
	case "flood":
		if err := os.WriteFile(terminationLog, []byte(result), 0o644); err != nil {
			return err
		}
		return flood()
	}
	return fmt.Errorf("unknown noise %q", args[0])
}

func flood() error {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	line := "sweetspot-record/1 TuningReport 1/2 " + strings.Repeat("0", 64) + " " + strings.Repeat("A", 8000) + "\n"
	for written := 0; written < floodBytes; written += len(line) {
		if _, err := out.WriteString(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// A result that keeps the contract in form and names documents that nobody printed.
const zeros = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
const result = `{"apiVersion":"sweetspot.dev/v1alpha1","kind":"TuningResult","state":"Succeeded","message":"Trust me.",` +
	`"questionDigest":"` + zeros + `","completed":true,"winner":"OnnxRuntime Source, best of all","variant":"Source",` +
	`"reason":"Because.","feasible":true,"bestReachableMilliseconds":0.001,"capacityRequestsPerSecond":1000000,` +
	`"confirmation":null,"gainOverDefault":null,"planDigest":"` + zeros + `","reportDigest":"` + zeros + `",` +
	`"recipeDigest":null,"environment":{"cpuModel":"?","cpus":1,"architecture":"x64"}}`
