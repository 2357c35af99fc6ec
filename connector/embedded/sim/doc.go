// Package sim is the world around a flow test: an embedded service on a store of its
// own, people with their authenticators and phones, the inbox, a clock that only the test
// moves, and a power switch.
//
// World has the methods that package engine/flowtest asks of a world; neither package
// knows the other. What a test sees is read through the service's own API, as an
// administrator would; what devices do goes through packages softkey and phone, which
// know the service no better than those of strangers.
package sim
