#pragma once

#include <filesystem>

namespace eunomia::core {

// A descriptor to read a file with on which this process holds POSIX record locks, as SQLite does on its database: such
// locks go when any descriptor of the file is closed in the process that holds them, whoever opened it (fcntl(2)). So
// this one is never closed, and there is one for each file. Any thread. Throws as open_file does.
int lasting_descriptor(const std::filesystem::path& file);

}  // namespace eunomia::core
