#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/environment.h"
#include "recommend/import.h"
#include "recommend/selection.h"
#include "recommend/split.h"

namespace eunomia::app {

// Options that several commands share.

// --set name=value, repeatable: a family's parameters.
void add_set_option(CLI::App& command, std::vector<std::string>& settings);
// The JSON object that settings like {"lambda=300", "weighting.half_life_days=90"} describe; a value that is not JSON
// is a string. Throws errc::invalid_argument for a setting without '=' or a name given twice.
std::string parameters_of(const std::vector<std::string>& settings);

// --space: where what --user gives belongs, unless it is a USER_ID.
void add_space_option(CLI::App& command, std::optional<std::string>& space);

// --column USER_ID=customer_id, repeatable: what the files call our columns.
void add_column_option(CLI::App& command, std::vector<std::string>& columns);
std::map<std::string, std::string> columns_of(const std::vector<std::string>& columns);

// Files of a test: what to learn from, what the model is told of other people, and what they did next.
struct test_data_options {
  std::vector<std::filesystem::path> train;
  std::filesystem::path fold_in;
  std::filesystem::path targets;  // empty: the test is not about what they did next, and every fold-in person counts
  std::vector<std::string> columns;
};
recommend::split read_test_data(const test_data_options& options, environment& shared);

// How many different people there are.
std::size_t people_in(const recommend::interactions& events);

// The candidates of a choice and what they reached.
std::string selection_table(const recommend::selection& choice);

}  // namespace eunomia::app
