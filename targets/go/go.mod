module kontrast/targets/go

go 1.26

toolchain go1.26.4
