package embedded

import "github.com/mfaflow/mfaflow/connector/embedded/internal/rest"

// Routes are the lines of the service's table.
func (s *Service) Routes() []rest.Route { return s.table.Routes() }
