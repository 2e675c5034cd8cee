//go:build tools

// Package tools pins the Pulumi command line: the engine that the tests in tests/engine run.
package tools

import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
)
