#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "object/refusal.h"
#include "wire/http/route.h"

namespace eunomia::wire::s3 {

// What a client is answered instead of what it asked for, in S3's words.
struct error_answer {
  unsigned status = 500;
  std::string code = "InternalError";
  std::string message;
};

// Thrown by operations.
class failed final : public core::error {
 public:
  failed(unsigned status, std::string_view code, const std::string& message)
      : error(core::errc::invalid_argument, message), answer_{status, std::string(code), message} {}
  const error_answer& answer() const noexcept { return answer_; }

 private:
  error_answer answer_;
};

failed invalid_argument(const std::string& message);
failed not_implemented(std::string_view what);

// Of what a handler threw, and of what the port refused. An internal error says nothing of itself: it is for the log.
error_answer answer_of(const std::exception& problem);
error_answer answer_of(const http::failure& why);

}  // namespace eunomia::wire::s3
