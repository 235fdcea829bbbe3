#include "core/attempt.h"

#include <exception>

#include "core/error.h"
#include "core/log.h"

namespace eunomia::core {

void attempt(std::string_view what, const std::function<void()>& action) noexcept {
  try {
    action();
  } catch (const std::exception& problem) {
    log::error("what was due failed; it is tried again", {{"what", what}, {"why", kept_message_of(problem)}});
  }
}

}  // namespace eunomia::core
