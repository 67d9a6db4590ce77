"""Where a study's runs are made: here, in local processes, stacked on one device, on a cluster."""
