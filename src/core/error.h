#pragma once

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace eunomia::core {

// What kind of failure it is: the wire maps each to a protocol's own shape and status, the command line to an exit
// code.
enum class errc {
  invalid_argument,     // the caller's input is wrong, and will be wrong again
  not_found,            // the named thing does not exist
  already_exists,       // a thing of that name exists
  failed_precondition,  // right input at the wrong time, or for the wrong state of the thing
  permission_denied,    // the caller, or the purpose, may not do this
  resource_exhausted,   // a named limit, memory or disk is used up
  cancelled,            // somebody asked to stop
  corrupt,              // stored bytes are not what was written
  unavailable,          // an engine or a device does not answer; trying again may help
  internal              // a defect of ours
};

// The name of a code, as logs and --json show it: "invalid_argument".
std::string_view name_of(errc code) noexcept;

// The one exception of the house. The message names the thing, the place and what to do. It is for who asked; logs and
// tables keep the kept_message(), because a value out of somebody's data may be a person's.
class error : public std::runtime_error {
 public:
  error(errc code, const std::string& message) : error(code, message, message) {}
  // kept: the message without the values of data that it quotes.
  error(errc code, const std::string& message, std::string kept)
      : std::runtime_error(message), code_(code), kept_(std::make_shared<const std::string>(std::move(kept))) {}
  errc code() const noexcept { return code_; }
  const std::string& kept_message() const noexcept { return *kept_; }

 private:
  errc code_;
  std::shared_ptr<const std::string> kept_;  // copying an exception must not throw
};

// What a log may say of an exception: kept_message() of ours, what() of others.
std::string_view kept_message_of(const std::exception& problem) noexcept;

}  // namespace eunomia::core
