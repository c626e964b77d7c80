"""What the whole-system tests and the benchmarks are made with: channels, servers, workspaces, disks, users."""
