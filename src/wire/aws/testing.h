#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "wire/access/access_key.h"
#include "wire/aws/signature.h"
#include "wire/aws/sigv4.h"
#include "wire/http/message.h"

// What the tests of this room share.
namespace eunomia::wire::aws::testing {

inline constexpr std::string_view key_id = "AKIAIOSFODNN7EXAMPLE";
inline constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

inline key_lookup one_key(std::string_view id = key_id, std::string_view its_secret = secret) {
  auto key = std::make_shared<access::access_key>();
  key->who = {std::string(id), http::role::engineer};
  key->secret = its_secret;
  return [key](std::string_view asked) { return asked == key->who.id ? key : nullptr; };
}

// What a parser makes of the query of a target.
inline void read_query(http::request& into) {
  const std::size_t question = into.target.find('?');
  into.query.clear();
  std::string_view rest =
      question == std::string::npos ? std::string_view() : std::string_view(into.target).substr(question + 1);
  const auto decoded = [](std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%') {
        plain += static_cast<char>(core::from_hex(text.substr(i + 1, 2)).at(0));
        i += 2;
      } else {
        plain += text[i];
      }
    }
    return plain;
  };
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::size_t equals = one.find('=');
    into.query.push_back({decoded(one.substr(0, equals)),
                          equals == std::string_view::npos ? std::string() : decoded(one.substr(equals + 1))});
  }
}

inline http::request request_of(http::method verb, std::string target, std::vector<http::header> headers,
                                std::string body = {}) {
  http::request made;
  made.verb = verb;
  made.target = std::move(target);
  made.headers = std::move(headers);
  made.body = std::move(body);
  read_query(made);
  return made;
}

inline const refusal* refused(const or_refusal<admitted>& outcome) {
  return std::get_if<refusal>(&outcome);
}

inline std::filesystem::path data_file(std::string_view name) {
  return std::filesystem::path(EUNOMIA_AWS_TESTDATA) / name;
}

}  // namespace eunomia::wire::aws::testing
