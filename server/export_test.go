package server

// Routes lists what the router answers, "GET /v1/flows/:flow", for the tests.
func (s *Server) Routes() []string {
	var list []string
	for _, r := range s.echo.Routes() {
		list = append(list, r.Method+" "+r.Path)
	}
	return list
}

// Tracked is how many addresses the limiter of starts remembers.
func (s *Server) Tracked() int {
	s.starts.mu.Lock()
	defer s.starts.mu.Unlock()
	return len(s.starts.fullAt)
}

// BodyBytes is how many bytes of bodies are counted.
func (s *Server) BodyBytes() int64 {
	s.bodies.mu.Lock()
	defer s.bodies.mu.Unlock()
	return s.bodies.used + int64(len(s.bodies.usedBy))
}
