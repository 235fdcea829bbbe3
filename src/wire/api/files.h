#pragma once

#include <filesystem>
#include <string_view>

#include "wire/api/service.h"

namespace eunomia::wire::api {

// A file of ours that no job names: background::sweep_files() removes it when we do not.
std::filesystem::path new_file(const services& to, std::string_view extension);

}  // namespace eunomia::wire::api
