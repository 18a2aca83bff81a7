namespace topkit::cli {}
