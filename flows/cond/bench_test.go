package cond

import (
	"testing"
)

const typical = `vars.auth.status == "OTP_REQUIRED" and has(vars.auth.selectedDevice.id)`

func BenchmarkCompile(b *testing.B) {
	env := testEnv(b)
	b.ReportAllocs()
	for b.Loop() {
		if p, found := Compile(typical, env, WantBool); p == nil {
			b.Fatal(found)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	env, data := testEnv(b), testValues(b)
	for name, src := range map[string]string{
		"equal":     `vars.auth.status == "OTP_REQUIRED"`,
		"typical":   typical,
		"len":       `len(out.devices) > 0`,
		"predicate": `any(out.devices, .id == vars.auth.selectedDevice?.id)`,
		"member":    `nodes.sign_on.form.username`,
	} {
		b.Run(name, func(b *testing.B) {
			p := mustCompile(b, src, env, WantAny)
			b.ReportAllocs()
			for b.Loop() {
				budget := Budget{left: DefaultLimits}
				if _, err := p.Run(data, &budget); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		p := mustCompile(b, typical, env, WantBool)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				budget := Budget{left: DefaultLimits}
				if _, err := p.Run(data, &budget); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkBomb is how long the longest expression runs until the counter stops it.
func BenchmarkBomb(b *testing.B) {
	env := map[string]any{"n": bigList(3000)}
	root := &Type{Kind: Object, Fields: map[string]Field{"n": {}}}
	for name, src := range map[string]string{
		"loops": `count(n, count(n, true) >= 0) >= 0`, "members": `all(n, all(n, .id >= 0))`,
		"filter": `filter(n, len(filter(n, .id + 1 > 0)) > 0)`, "in": `any(n, any(n, [1] in n))`,
	} {
		b.Run(name, func(b *testing.B) {
			p := mustCompile(b, src, root, WantAny)
			for b.Loop() {
				if _, err := p.Run(env, testBudget()); err == nil {
					b.Fatal("not stopped")
				}
			}
		})
	}
}
