#pragma once

#include <soci/soci.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sql/dialect.h"

// Prepared statements over SOCI. Only the .cpp files of this folder include this.
namespace eunomia::store::sql {

// A prepared statement with storage for its parameters, bound once and filled for each execution.
class statement {
 public:
  statement(soci::session& on, engine speaks, std::string_view sql);

  // errc::internal when args are not exactly the parameters; invalid_argument for text that is not UTF-8 or holds
  // U+0000, without showing it.
  void bind(connection::arguments args);
  // Fills one parameter, by its position among parameters(); for insert_many. Bind all before execute().
  void bind(std::size_t parameter, const argument::any& value);
  // Executes up to the first row; what follows is read from the backend. True when there is a row.
  bool execute();

  const std::vector<std::string>& parameters() const { return text_.parameters; }
  template <class Backend>
  Backend& backend() {
    return static_cast<Backend&>(*statement_.get_backend());
  }

  bool in_use = false;

 private:
  enum class kind { none, integer, real, text };
  struct slot {
    kind bound = kind::none;
    long long integer = 0;
    double real = 0;
    std::string text;
    soci::indicator indicator = soci::i_null;
  };

  void exchange();

  engine speaks_;
  translated text_;
  std::deque<slot> slots_;  // one for each parameter; SOCI holds pointers into it
  bool exchanged_ = false;
  soci::statement statement_;
};

// Statements by their text.
class statement_cache {
 public:
  static constexpr std::size_t limit = 256;

  statement_cache(soci::session& on, engine speaks) : session_(on), speaks_(speaks) {}

  // Prepares it when it is new. errc::internal when that statement is running: it was called from its own visit.
  statement& get(std::string_view sql);
  void clear();

 private:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  soci::session& session_;
  engine speaks_;
  std::unordered_map<std::string, std::unique_ptr<statement>, hash, std::equal_to<>> statements_;
};

}  // namespace eunomia::store::sql
