#include "wire/http/target.h"

#include "core/utf8.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char low = lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

failure refused(const std::string& message) {
  return {400, "invalid_argument", message};
}

bool leads_upwards(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") {
      return true;
    }
    if (slash == std::string_view::npos) {
      return false;
    }
    path.remove_prefix(slash + 1);
  }
}

// Why a decoded text may not reach a handler; null when it may.
const char* defect_of(std::string_view decoded) {
  if (decoded.find('\0') != std::string_view::npos) {
    return "holds U+0000";
  }
  return core::is_utf8(decoded) ? nullptr : "is not UTF-8";
}

std::optional<failure> read_query(std::string_view text, request& into) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) {
      continue;
    }
    const auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::string() : percent_decoded(pair.substr(equals + 1), true);
    if (!name || !value) {
      return refused("the query is not percent-encoded: a % needs two hexadecimal digits after it");
    }
    for (const std::string& decoded : {*name, *value}) {
      if (const char* defect = defect_of(decoded)) {
        return refused(std::string("a parameter of the query ") + defect);
      }
    }
    into.query.push_back({std::move(*name), std::move(*value)});
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) {
        return std::nullopt;
      }
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string_view raw_path_of(std::string_view target) noexcept {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.starts_with('/')) {
    return target;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      const auto slash = target.find('/', scheme.size());
      return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
  }
  return target;
}

std::optional<failure> read_target(std::string_view target, request& into) {
  into.path.clear();
  into.query.clear();
  into.leads_upwards = false;
  const std::string_view raw = raw_path_of(target);
  if (target == "*") {
    into.path = "*";
    return std::nullopt;
  }
  if (!raw.starts_with('/')) {
    return refused("the request target is neither a path nor an http:// URL");
  }
  if (target.find('#') != std::string_view::npos) {
    return refused("the request target has a fragment (#), which no client may send");
  }
  auto decoded = percent_decoded(raw, false);
  if (!decoded) {
    return refused("the path is not percent-encoded: a % needs two hexadecimal digits after it");
  }
  if (const char* defect = defect_of(*decoded)) {
    return refused(std::string("the path ") + defect);
  }
  into.leads_upwards = leads_upwards(*decoded);
  into.path = std::move(*decoded);
  const auto question = target.find('?');
  return question == std::string_view::npos ? std::nullopt : read_query(target.substr(question + 1), into);
}

}  // namespace eunomia::wire::http
