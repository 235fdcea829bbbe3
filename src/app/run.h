#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"

namespace eunomia::app {

// Runs one command line, without the program's name. Prints what it has to say; an error goes to standard error, as
// text or, under --json, as {"error": {"code": ..., "message": ...}}. Never throws.
exit_code run(const std::vector<std::string>& arguments) noexcept;

}  // namespace eunomia::app
