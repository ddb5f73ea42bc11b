module kontrast/targets/go

go 1.26.0

toolchain go1.26.4

require golang.org/x/sync v0.24.0
