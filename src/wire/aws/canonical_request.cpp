#include "wire/aws/canonical_request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "wire/aws/names.h"
#include "wire/http/target.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& to, std::string_view text, bool keep_slashes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slashes && c == '/')) {
      to += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      to += '%';
      to += digits[byte >> 4U];
      to += digits[byte & 15U];
    }
  }
}

// Decoded where that can be: a target that cannot is refused before anybody asks who sent it.
std::string decoded(std::string_view text, bool plus_is_space) {
  auto plain = http::percent_decoded(text, plus_is_space);
  return plain ? std::move(*plain) : std::string(text);
}

std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_slash = true;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    ends_in_slash = slash != std::string_view::npos || segment == "." || segment == "..";
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string joined;
  for (const std::string_view segment : kept) {
    joined.append("/").append(segment);
  }
  return kept.empty() || ends_in_slash ? joined + "/" : joined;
}

// Without spaces at the ends, and one where there are several.
void append_value(std::string& to, std::string_view value) {
  bool after_space = false;
  for (const char c : http::trimmed(value)) {
    const bool space = c == ' ' || c == '\t';
    if (!space) {
      to += c;
    } else if (!after_space) {
      to += ' ';
    }
    after_space = space;
  }
}

void append_header(std::string& to, const http::request& in, std::string_view name) {
  to.append(name).append(":");
  bool first = true;
  for (const http::header& each : in.headers) {
    if (http::equal_ignoring_case(each.name, name)) {
      to.append(first ? "" : ",");
      append_value(to, each.value);
      first = false;
    }
  }
  to.append("\n");
}

}  // namespace

path_rules path_rules_of(std::string_view service) noexcept {
  return service == s3_service ? path_rules{false, false} : path_rules{true, true};
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  append_encoded(encoded, text, false);
  return encoded;
}

std::string canonical_path(std::string_view target, path_rules rules) {
  const std::string_view raw = http::raw_path_of(target);
  const std::string path = rules.normalised ? normalised(raw) : std::string(raw.empty() ? "/" : raw);
  std::string encoded;
  append_encoded(encoded, rules.encoded_again ? path : decoded(path, false), true);
  return encoded;
}

std::string canonical_query(std::string_view target) {
  const std::size_t question = target.find('?');
  std::string_view rest = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  std::vector<std::pair<std::string, std::string>> all;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::size_t equals = one.find('=');
    const std::string name = decoded(one.substr(0, equals), true);
    if (one.empty() || name == query_name::signature) {
      continue;
    }
    const std::string value = equals == std::string_view::npos ? std::string() : decoded(one.substr(equals + 1), true);
    all.emplace_back(percent_encoded(name), percent_encoded(value));
  }
  std::sort(all.begin(), all.end());
  std::string joined;
  for (const auto& [name, value] : all) {
    joined.append(joined.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return joined;
}

std::string canonical_head(const http::request& in, std::span<const std::string> names, path_rules rules) {
  std::string head(http::name_of(in.verb));
  head.append("\n").append(canonical_path(in.target, rules));
  head.append("\n").append(canonical_query(in.target)).append("\n");
  for (const std::string& name : names) {
    append_header(head, in, name);
  }
  head.append("\n").append(joined_names(names)).append("\n");
  return head;
}

}  // namespace eunomia::wire::aws
