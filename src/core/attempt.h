#pragma once

#include <functional>
#include <string_view>

namespace eunomia::core {

// Does one of several things that have nothing to do with each other: what it throws is logged, as what failed, and
// keeps none of the others from being done.
void attempt(std::string_view what, const std::function<void()>& action) noexcept;

}  // namespace eunomia::core
