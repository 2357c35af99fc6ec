// Package sim is the world around a flow test: an embedded service on a store of its
// own, people with their devices, the inbox and the phone on which messages arrive, a
// clock that only the test moves, and a power switch.
//
// World has the methods that package engine/flowtest asks of a world; neither package
// knows the other. What a test sees is read through the service's own API, as an
// administrator would.
package sim
