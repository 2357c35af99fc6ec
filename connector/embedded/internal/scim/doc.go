// Package scim parses the part of SCIM's filter language that PingOne offers: eq, sw,
// ew, co, and, or, parentheses, and ge, gt, le, lt for times. Length, depth and number of terms are bounded.
package scim
