//! A TCP host over smoltcp, sans-IO at the packet boundary.
