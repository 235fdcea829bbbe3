#include "wire/recombee/reql_lexer.h"

#include <fmt/format.h>

#include <charconv>

#include "wire/http/text.h"
#include "wire/recombee/reql_syntax.h"

namespace eunomia::wire::recombee {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

}  // namespace

reql_token reql_lexer::next() {
  skip_blanks();
  reql_token found;
  found.at = here_ + 1;
  if (here_ == text_.size()) {
    return found;
  }
  const char c = text_[here_];
  if (is_digit(c) || (c == '.' && here_ + 1 < text_.size() && is_digit(text_[here_ + 1]))) {
    read_number(found);
  } else if (c == '"' || c == '\'') {
    found.what = c == '"' ? reql_token_kind::text : reql_token_kind::property;
    found.text = read_quoted(c);
  } else if (is_word(c)) {
    found.what = reql_token_kind::word;
    while (here_ < text_.size() && is_word(text_[here_])) {
      found.text += http::lower(text_[here_++]);
    }
  } else {
    read_sign(found);
  }
  return found;
}

void reql_lexer::skip_blanks() {
  while (here_ < text_.size()) {
    if (text_.substr(here_).starts_with("//")) {
      here_ = std::min(text_.find('\n', here_), text_.size());
    } else if (std::string_view(" \t\r\n").find(text_[here_]) != std::string_view::npos) {
      ++here_;
    } else {
      return;
    }
  }
}

void reql_lexer::read_number(reql_token& into) {
  const std::size_t begin = here_;
  const auto digits = [&] {
    while (here_ < text_.size() && is_digit(text_[here_])) {
      ++here_;
    }
  };
  digits();
  bool whole = true;
  if (here_ < text_.size() && text_[here_] == '.') {
    whole = false;
    ++here_;
    digits();
  }
  if (here_ < text_.size() && http::lower(text_[here_]) == 'e') {
    whole = false;
    ++here_;
    here_ += here_ < text_.size() && (text_[here_] == '+' || text_[here_] == '-') ? 1 : 0;
    digits();
  }
  const char* const first = text_.data() + begin;
  const char* const last = text_.data() + here_;
  into.what = reql_token_kind::number;
  if (std::int64_t integer = 0; whole && std::from_chars(first, last, integer).ec == std::errc()) {
    into.value = reql_value(integer);
    return;
  }
  double real = 0;
  const auto [end, fault] = std::from_chars(first, last, real);
  if (fault != std::errc() || end != last) {
    refuse_reql(into.at, fmt::format("{} is no number", text_.substr(begin, here_ - begin)));
  }
  into.value = reql_value(real);
}

std::string reql_lexer::read_quoted(char quote) {
  const std::size_t at = here_ + 1;
  std::string read;
  for (++here_; here_ < text_.size() && text_[here_] != quote; ++here_) {
    if (text_[here_] == '\\' && here_ + 1 < text_.size()) {
      ++here_;
      read += text_[here_] == 'n' ? '\n' : text_[here_] == 't' ? '\t' : text_[here_];
    } else {
      read += text_[here_];
    }
  }
  if (here_ == text_.size()) {
    refuse_reql(at, fmt::format("a {} begins here that does not end; close it with {}",
                                quote == '"' ? "string" : "property", quote));
  }
  ++here_;
  return read;
}

void reql_lexer::read_sign(reql_token& into) {
  into.what = reql_token_kind::sign;
  for (const std::string_view two : {"<=", ">=", "==", "!="}) {
    if (text_.substr(here_).starts_with(two)) {
      into.text = two;
      here_ += 2;
      return;
    }
  }
  if (std::string_view("<>+-*/%&(){}[],:").find(text_[here_]) == std::string_view::npos) {
    refuse_reql(into.at, fmt::format("unexpected {}; strings stand in \"…\", properties in '…'",
                                     static_cast<unsigned char>(text_[here_]) < 0x80 ? std::string(1, text_[here_])
                                                                                     : "character"));
  }
  into.text = text_[here_++];
}

}  // namespace eunomia::wire::recombee
