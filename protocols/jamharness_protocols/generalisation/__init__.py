"""The test error against the number of parameters, through the transition: cusp, fluctuations, ensembles."""
