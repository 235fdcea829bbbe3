#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/environment.h"

// Erasing people from the command line: "subjects erase", and "recommend forget", which is the same.
namespace eunomia::app {

struct erase_flags {
  std::vector<std::string> users;
  std::filesystem::path users_from;
  std::optional<std::string> space;    // of the ids; none: USER_IDs
  std::filesystem::path certificates;  // a folder for them; empty: they stay with the requests
};

void add_erase_flags(CLI::App& command, const std::shared_ptr<erase_flags>& flags);
void erase(const erase_flags& flags, environment& shared);

}  // namespace eunomia::app
