package password_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/password"
)

var ada = []string{"ada.lovelace", "ada.l@example.com", "Augusta", "King-Noel", "+44 20 7946 0991"}

// TestWeakPasswordsNameTheRuleThatTheyBreak: what anybody tries first is refused, each by
// the rule that PingOne names so.
func TestWeakPasswordsNameTheRuleThatTheyBreak(t *testing.T) {
	t.Parallel()
	for value, rule := range map[string]string{
		"aaaaaaaa": "minUniqueCharacters", "        ": "minUniqueCharacters", "\u3000\u3000\u3000\u3000\u3000\u3000\u3000\u3000": "minUniqueCharacters",
		"abababab": "minUniqueCharacters", "12121212!": "minUniqueCharacters", strings.Repeat("a", 200) + "bcd": "minUniqueCharacters",
		"horse   staple": "maxRepeatedCharacters", "xyzzzy-plugh-42": "maxRepeatedCharacters", "ⅷⅷⅷ-unusual-text": "maxRepeatedCharacters",
		"password": "excludesCommonlyUsed", "PassWord1": "excludesCommonlyUsed", "P@ssw0rd!": "excludesCommonlyUsed", "pa55word2026": "excludesCommonlyUsed",
		"qwertyuiop": "excludesCommonlyUsed", "QWERTZUIOP": "excludesCommonlyUsed", "poiuytrewq": "excludesCommonlyUsed", "asdfghjkl": "excludesCommonlyUsed",
		"12345678": "excludesCommonlyUsed", "23456789": "excludesCommonlyUsed", "987654321": "excludesCommonlyUsed", "abcdefgh": "excludesCommonlyUsed", "zyxwvuts": "excludesCommonlyUsed",
		"abcdeabcde": "excludesCommonlyUsed", "x7!qkx7!qkx7!qk": "excludesCommonlyUsed", "Summer2026!": "excludesCommonlyUsed", "dragon12345": "excludesCommonlyUsed",
		"...monkey...": "excludesCommonlyUsed", "Welcome#2027": "excludesCommonlyUsed", "l3tm31n!!": "excludesCommonlyUsed",
		"passwordpassword": "excludesCommonlyUsed", "password1password1": "excludesCommonlyUsed", "qwertyuiop1": "excludesCommonlyUsed", "1-2-3-4-5-6-7-8": "excludesCommonlyUsed",
		"ｐａｓｓｗｏｒｄ": "excludesCommonlyUsed", "Ｐａｓｓｗｏｒｄ１": "excludesCommonlyUsed", "pässwörd": "excludesCommonlyUsed", "pa\u0308sswo\u0308rd": "excludesCommonlyUsed",
		"раssword": "excludesCommonlyUsed", "ρassword": "excludesCommonlyUsed", "ⓟⓐⓢⓢⓦⓞⓡⓓ": "excludesCommonlyUsed", "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝": "excludesCommonlyUsed", "１２３４５６７８": "excludesCommonlyUsed",
		"pass\u00adword": "excludesCommonlyUsed", "p\u200bassword": "excludesCommonlyUsed", "\ufeffpassword": "excludesCommonlyUsed",
		"pass word": "excludesCommonlyUsed", "p a s s w o r d": "excludesCommonlyUsed", "p.@.s.s.w.0.r.d.1": "excludesCommonlyUsed", "mfaflow123": "excludesCommonlyUsed",
		"ada.l@example.com": "excludesProfileData", "ADA-L-example-com1": "excludesProfileData", "ａｄａ．ｌｏｖｅｌａｃｅ": "excludesProfileData", "lovélace-77": "excludesProfileData",
		"ada.lovelace": "excludesProfileData", "Lovelace1815": "excludesProfileData", "AdaLovelace!": "excludesProfileData", "l0velace-ada": "excludesProfileData",
		"augusta.99": "excludesProfileData", "kingnoel-7": "excludesProfileData", "442079460991": "excludesProfileData", "1ada1augusta": "excludesProfileData",
		"tiroz47": "length", strings.Repeat("tiroz-47", 32): "length",
	} {
		p := password.DefaultPolicy().Check("value", value, false, ada)
		if p == nil {
			t.Errorf("%.40q is taken, want %s", value, rule)
			continue
		}
		inner := p.Body.Details[0].InnerError
		broken, _ := inner["unsatisfiedRequirements"].([]string)
		if !slices.Contains(broken, rule) || inner[rule] == nil {
			t.Errorf("%.40q breaks %v, want %s among them", value, broken, rule)
		}
		for _, text := range inner {
			if s, ok := text.(string); ok && value != "password" && strings.Contains(s, value) {
				t.Errorf("%.40q is in its refusal: %s", value, s)
			}
		}
	}
}

// TestGoodPasswordsAreTaken: rules must not take more than what is weak.
func TestGoodPasswordsAreTaken(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"correct horse 9", "Demo-mfaflow-2026!", "tiroz-47", "Grüße aus 1040 Wien", "7 dwarfs dig", "planning the adagio", "x7!qkx7?qk",
		"ada has 9 mechanical cats", "the password of the day is fish", "日本語のパスフレーズ", "пароль не для всех", "example.com-tiroz", "example has 7 dwarfs", strings.Repeat("tiroz-47 qu", 23),
	} {
		if p := password.DefaultPolicy().Check("value", value, false, ada); p != nil {
			t.Errorf("%.40q is refused: %v", value, p.Body.Details[0].InnerError)
		}
	}
}

// TestRulesOfAPolicyCanBeOff: each rule that has a figure.
func TestRulesOfAPolicyCanBeOff(t *testing.T) {
	t.Parallel()
	p := password.DefaultPolicy()
	p.MinUnique, p.MaxRepeated = 0, 0
	if got := p.Check("value", "aabbbaab-aabb", false, nil); got != nil {
		t.Errorf("refused: %v", got.Body.Details[0].InnerError)
	}
}
