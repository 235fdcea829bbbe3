#pragma once

#include <CLI/CLI.hpp>

#include "app/environment.h"

namespace eunomia::app {

// subjects decisions, review, reviews and review-answer: what programs decided about people, and its review by a human.
void add_reviews(CLI::App& subjects, environment& shared);

}  // namespace eunomia::app
