#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/recombee/reql_value.h"

namespace eunomia::wire::recombee {

enum class reql_token_kind { end, number, text, property, word, sign };

struct reql_token {
  reql_token_kind what = reql_token_kind::end;
  std::size_t at = 0;     // where it begins, from 1
  std::string text = {};  // of a word in lower case
  reql_value value = {};  // of a number
};

// The words and signs of an expression, one after another.
class reql_lexer {
 public:
  explicit reql_lexer(std::string_view text) : text_(text) {}

  // Throws errc::invalid_argument with the position.
  reql_token next();

 private:
  void skip_blanks();
  void read_number(reql_token& into);
  std::string read_quoted(char quote);
  void read_sign(reql_token& into);

  std::string_view text_;
  std::size_t here_ = 0;
};

}  // namespace eunomia::wire::recombee
