// A chat with message history.
#pragma once
#include "answer.hpp"
#include "model.hpp"
#include "threads.hpp"

/// Answers in a thread.
awaitable<void> remember(Model& model, Threads& threads, Answer& answer, std::string thread, std::string message);
