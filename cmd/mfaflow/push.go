package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
)

func pushCommand() *cobra.Command {
	var server, token, output string
	var keep bool
	cmd := &cobra.Command{
		Use:   "push FILE",
		Short: "Upload a flow to a server and deploy it",
		Args:  cobra.MatchAll(needArgs("a flow file"), atMostOne),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := readSource(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			f, problems := flows.Parse(args[0], src)
			if f == nil || f.ID == "" {
				if err := printProblems(cmd.ErrOrStderr(), "text", problems); err != nil {
					return err
				}
				return errReported
			}
			token := token
			if token == "" {
				token = os.Getenv("MFAFLOW_TOKEN")
			}
			return push(cmd, pushTo{server, token, output, keep}, args[0], f.ID, src)
		},
	}
	addOutput(cmd, &output)
	cmd.Flags().StringVar(&server, "server", "http://127.0.0.1:8080", "the server's base URL")
	cmd.Flags().StringVar(&token, "token", "", "management token (default: MFAFLOW_TOKEN)")
	cmd.Flags().BoolVar(&keep, "no-deploy", false, "make the revision without deploying it")
	return cmd
}

type pushTo struct {
	server, token, output string
	keep                  bool
}

func push(cmd *cobra.Command, to pushTo, file, id string, src []byte) error {
	address := strings.TrimRight(to.server, "/") + "/v1/flows/" + url.PathEscape(id)
	if to.keep {
		address += "?deploy=false"
	}
	req, err := http.NewRequestWithContext(cmd.Context(), http.MethodPut, address, bytes.NewReader(src))
	if err != nil {
		return usageError{err}
	}
	req.Header.Set("Content-Type", "application/yaml")
	req.Header.Set("Authorization", "Bearer "+to.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	return pushed(cmd, to, file, resp.StatusCode, body)
}

// pushed prints the server's answer.
func pushed(cmd *cobra.Command, to pushTo, file string, status int, body []byte) error {
	if to.output == "json" {
		if _, err := cmd.OutOrStdout().Write(body); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		if status >= http.StatusBadRequest {
			return errReported
		}
		return nil
	}
	var answer struct {
		ID, Revision, Title, Detail string
		Deployed                    bool
		Warnings, Problems          []flows.Problem
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("push: status %d, and the answer is not JSON: %w", status, err)
	}
	for i := range answer.Warnings {
		answer.Warnings[i].Warning = true
	}
	list := append(answer.Problems, answer.Warnings...)
	for i := range list {
		list[i].File = file
	}
	if err := printProblems(cmd.ErrOrStderr(), "text", list); err != nil {
		return err
	}
	if status >= http.StatusBadRequest {
		if len(answer.Problems) > 0 {
			return errReported
		}
		return fmt.Errorf("push: %d %s %s", status, answer.Title, answer.Detail)
	}
	did := "stored"
	if answer.Deployed {
		did = "deployed"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s\n", did, answer.ID, answer.Revision)
	return nil
}
