package risk

// The predictors of the default rules, by PingOne's names.
var (
	newDevice       = Predictor{"newDevice", "DEVICE"}
	locationAnomaly = Predictor{"userLocationAnomaly", "USER_LOCATION_ANOMALY"}
	userBehavior    = Predictor{"userRiskBehavior", "USER_RISK_BEHAVIOR"}
	ipVelocity      = Predictor{"ipVelocityByUser", "VELOCITY"}
	userVelocity    = Predictor{"userVelocityByIp", "VELOCITY"}
	trafficAnomaly  = Predictor{"trafficAnomaly", "TRAFFIC_ANOMALY"}
)

// defaultRules: a browser that is new, or a known one in a place that is new, asks for a
// second factor by itself, as PingOne's usual policies do. A new browser in a new place is
// somebody with a new machine on a journey: not yet HIGH, until something else is odd.
// What strangers can cause (failures, many users behind one address) asks for a second
// factor at most.
func defaultRules() []Rule {
	return []Rule{
		{"New browser", "newBrowser", Medium, 40, newDevice, "New device"},
		{"Known browser in a new network", "newNetwork and not newBrowser", Medium, 40, locationAnomaly, "Anomalous location"},
		{"New browser in a new network", "newNetwork and newBrowser", Medium, 25, locationAnomaly, "Anomalous location"},
		{"Unusual hour", "unusualTime", Medium, 15, userBehavior, "Unusual time of day"},
		{"Several addresses", "userAddresses > 5", Medium, 20, ipVelocity, "Many addresses of the user in an hour"},
		{"Many addresses", "userAddresses > 10", High, 40, ipVelocity, "Many addresses of the user in an hour"},
		{"Several users of an address", "addressUsers > 20", Medium, 20, userVelocity, "Many users of the address in an hour"},
		{"Many users of an address", "addressUsers > 50", High, 40, userVelocity, "Many users of the address in an hour"},
		{"Failures", "userFailures >= 3 or addressFailures >= 10", Medium, 20, trafficAnomaly, "Failed attempts in the last hour"},
		{"Many failures", "userFailures >= 6 or addressFailures >= 30", High, 40, trafficAnomaly, "Failed attempts in the last hour"},
	}
}

// The default thresholds, PingOne's typical ones.
const (
	defaultMedium = 40
	defaultHigh   = 75
)
