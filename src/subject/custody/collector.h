#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "subject/custody/custodian.h"

// What custodians tell of one person, to whoever hands it over: parts, each a table with a sentence about it, whose
// rows are streamed, so that somebody with a million of them costs no memory.
namespace eunomia::subject {

// Where data about a person comes from. What they provided and what was observed of them is theirs to take elsewhere
// (GDPR Art. 20; Article 29 Working Party, WP 242 rev.01: observed data are "provided", what is derived is not).
enum class data_origin {
  provided,  // by the person, knowingly: an identifier, a choice
  observed,  // of what they did: an interaction
  inferred,  // from the two above: what a model learned
  recorded   // about how their data was handled: the audit log
};
BOOST_DESCRIBE_ENUM(data_origin, provided, observed, inferred, recorded)
constexpr bool is_portable(data_origin from) {
  return from == data_origin::provided || from == data_origin::observed;
}

enum class value_type {
  text,     // UTF-8
  integer,  // std::int64_t
  number,   // double
  yes_no,   // std::int64_t, 0 or 1
  moment    // std::int64_t, UTC ms
};
BOOST_DESCRIBE_ENUM(value_type, text, integer, number, yes_no, moment)

struct part_column {
  std::string name;  // distinct in the part
  value_type type = value_type::text;
  std::string what;  // in plain words, for the person; may be empty where the name says it
};

// Where a part's rows rest: a holding that the custodian describes.
struct place_held {
  store_kind kind = store_kind::sql_table;
  std::string place;
  friend auto operator<=>(const place_held&, const place_held&) = default;
};

struct collected_part {
  std::string name;   // of its files, distinct in the custodian: 1 to 100 of a-z, A-Z, 0-9, '-' and '_'
  std::string title;  // "What you did in the dataset shop"
  std::string what;   // some sentences in plain words, for the person
  data_origin origin = data_origin::provided;
  std::vector<place_held> places;  // at least one; purposes, categories and retention are those of these holdings
  std::vector<part_column> columns;
  // Whom it was disclosed to, as far as this is recorded; empty: nothing is recorded.
  std::vector<std::string> recipients = {};
};

// A value of the column's type; monostate where there is none. Text is read before add() returns.
using collected_value = std::variant<std::monostate, std::int64_t, double, std::string_view>;

// Used by one thread.
class collector {
 public:
  virtual ~collector() = default;

  // A part begins, and the one before ends. False: nobody wants its rows (inferred data, where only what is portable is
  // handed over), so none need be read; add() must not be called then. A part without rows is told too: that nothing is
  // held is an answer. Throws errc::internal for one that is not as it must be.
  [[nodiscard]] virtual bool begin(const collected_part& part) = 0;
  // A row of the part: a value for each column. Throws errc::internal for another number of them or other types, and
  // what stands in the way of writing it, a full disk say.
  virtual void add(std::span<const collected_value> row) = 0;
  void add(std::initializer_list<collected_value> row) { add(std::span(row.begin(), row.size())); }

  // The place was looked into, though there may be no part of it now: no dataset, say. begin() says so of its places.
  virtual void looked_into(const place_held& place) = 0;
};

}  // namespace eunomia::subject
