// Package application is an environment's native apps and their push credentials
// (reference pingone-platform-api 4). They are few, and who pairs a phone needs all of
// them, so they share one record; the secrets of push services are kept apart:
//
//	E/applications                the apps, in the order of their creation
//	E/pushcredentials/<app>       the credentials of one of them
package application
