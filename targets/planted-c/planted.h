// A chat server with one known fault, which it counts itself: `server FAULT DOSE`.
#pragma once

#include <stdint.h>

// Returns the fault that runs before each token. It ends the program for an unknown name.
void (*plant(const char *name))(void);

// Stores the fault's name, and starts the log if one is configured.
void keep_truth(const char *name, uint64_t dose);
// Counts a token, runs the fault so many times, and adds its CPU time on this thread.
void token(void (*fault)(void), uint64_t dose);
