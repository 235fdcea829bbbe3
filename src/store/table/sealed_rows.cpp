// A payload holds the values of the sealed columns in the order of the table's columns, each a byte that says what
// follows:
//
//   0  nothing: there is no value
//   1  an int64, 8 bytes
//   2  a float64, 8 bytes
//   3  text: its length, 4 bytes, and so many of UTF-8
//
// in the byte order of the machine, which is little-endian, and zeros up to a multiple of 64 bytes, so that the length
// tells little. What stands behind the last value reads as no value: so a column that was added since is null. The
// payload is sealed with the key of the person, and bound to the table and the handle ("sealed_values TABLE HANDLE"):
// moved to another table or to somebody else it does not open. Two rows of one person in one table may be exchanged
// unnoticed by who can write there.
#include "store/table/sealed_rows.h"

#include <duckdb.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#include "core/error.h"
#include "core/seal.h"
#include "core/subject_handles.h"
#include "store/table/batch_source.h"
#include "store/table/part_files.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t payload_step = 64;
enum class kind : std::uint8_t { nothing, int64, float64, text };
using text_length = std::uint32_t;

core::subject_handle handle_of(std::int64_t subject) {
  return core::subject_handle(static_cast<std::uint64_t>(subject));
}

std::string place_of(std::string_view table, std::int64_t subject) {
  return fmt::format("{} {} {}", sealed_column, table, subject);
}

// Each once.
std::vector<core::subject_handle> people_in(std::span<const std::int64_t> subjects) {
  std::vector<core::subject_handle> people;
  people.reserve(subjects.size());
  std::ranges::transform(subjects, std::back_inserter(people), handle_of);
  core::sort_and_unite(people);
  return people;
}

template <class Value>
void append(std::vector<std::byte>& payload, Value value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  payload.insert(payload.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::byte>& payload, const column_values& values, std::size_t row) {
  if (values.is_null(row)) {
    append(payload, kind::nothing);
    return;
  }
  switch (values.type()) {
    case column_type::int64:
      append(payload, kind::int64);
      append(payload, values.int64()[row]);
      break;
    case column_type::float64:
      append(payload, kind::float64);
      append(payload, values.float64()[row]);
      break;
    case column_type::text: {
      const std::string_view text = values.text(row);
      append(payload, kind::text);
      append(payload, static_cast<text_length>(text.size()));
      const auto bytes = core::as_bytes(text);
      payload.insert(payload.end(), bytes.begin(), bytes.end());
      break;
    }
  }
}

// What is left to read of a payload. False where it ends too early.
class payload_reader {
 public:
  explicit payload_reader(core::bytes_view payload) : rest_(payload) {}

  bool done() const { return rest_.empty(); }
  template <class Value>
  bool take(Value& into) {
    if (rest_.size() < sizeof(Value)) {
      return false;
    }
    std::memcpy(&into, rest_.data(), sizeof(Value));
    rest_ = rest_.subspan(sizeof(Value));
    return true;
  }
  bool take(std::string_view& into) {
    text_length length = 0;
    if (!take(length) || rest_.size() < length) {
      return false;
    }
    into = {reinterpret_cast<const char*>(rest_.data()), length};
    rest_ = rest_.subspan(length);
    return true;
  }

 private:
  core::bytes_view rest_;
};

constexpr std::size_t words_of(column_type type) {
  return type == column_type::text ? sizeof(duckdb_string_t) / sizeof(std::uint64_t) : 1;
}

// Text as DuckDB keeps it: in the string itself where it is short, else where it stands.
void write_text(std::string_view text, std::uint64_t* words) {
  duckdb_string_t made = {};
  made.value.inlined.length = static_cast<std::uint32_t>(text.size());
  if (text.size() <= sizeof(made.value.inlined.inlined)) {
    std::ranges::copy(text, made.value.inlined.inlined);
  } else {
    std::ranges::copy(text.substr(0, sizeof(made.value.pointer.prefix)), made.value.pointer.prefix);
    made.value.pointer.ptr = const_cast<char*>(text.data());
  }
  std::memcpy(words, &made, sizeof(made));
}

}  // namespace

column sealed_payload() {
  return {std::string(sealed_column), column_type::text, true};
}

sealing_source::sealing_source(const table_description& of, const column_batch& rows, const core::data_key_source& keys,
                               without_key what)
    : table_(of), rows_(rows), keys_(keys), without_key_(what), stored_(stored_columns(of)) {}

std::size_t sealing_source::fill(std::size_t begin, std::size_t most, duckdb_data_chunk into) const {
  const std::size_t count = std::min(most, rows_.rows() - begin);
  if (count == 0) {
    return 0;
  }
  std::size_t at = 0;
  std::memcpy(duckdb_vector_get_data(duckdb_data_chunk_get_vector(into, at++)), rows_.subjects.data() + begin,
              count * sizeof(std::int64_t));
  for (std::size_t c = 0; c < rows_.columns.size(); ++c) {
    if (!table_.columns[c].sealed) {
      fill_column(rows_.columns[c], begin, count, duckdb_data_chunk_get_vector(into, at++));
    }
  }
  fill_payloads(begin, count, duckdb_data_chunk_get_vector(into, at));
  return count;
}

void sealing_source::fill_payloads(std::size_t begin, std::size_t count, duckdb_vector into) const {
  const std::span subjects = std::span(rows_.subjects).subspan(begin, count);
  const core::data_keys keys = keys_.keys_of(people_in(subjects));
  std::vector<std::byte> payload;
  for (std::size_t i = 0; i < count; ++i) {
    const auto key = keys.find(handle_of(subjects[i]));
    if (key == keys.end()) {
      if (without_key_ == without_key::refuse) {
        throw error(errc::failed_precondition,
                    "table \"" + table_.name +
                        "\": somebody whom a row is about has no key any more: they were erased meanwhile. Nothing was "
                        "written; try again without them");
      }
      mark_null(into, i);
      continue;
    }
    payload.clear();
    for (std::size_t c = 0; c < rows_.columns.size(); ++c) {
      if (table_.columns[c].sealed) {
        append(payload, rows_.columns[c], begin + i);
      }
    }
    payload.resize((payload.size() + payload_step - 1) / payload_step * payload_step);
    const auto sealed = core::seal(key->second, payload, core::as_bytes(place_of(table_.name, subjects[i])));
    duckdb_vector_assign_string_element_len(into, i, reinterpret_cast<const char*>(sealed.data()), sealed.size());
  }
}

row_opener::row_opener(const table_description& of, std::span<const std::size_t> asked,
                       const core::data_key_source& keys, std::string_view part)
    : table_(of), asked_(asked), keys_(keys), part_(part), opened_(of.columns.size()) {
  for (const std::size_t position : asked) {
    opened_[position].asked = of.columns[position].sealed;
  }
}

core::data_keys row_opener::keys_of(const core::admission& by, std::span<const std::int64_t> subjects) const {
  std::vector<core::subject_handle> people = people_in(subjects);
  std::erase_if(people, [&](core::subject_handle who) { return !by.admits(who); });
  return keys_.keys_of(people);
}

std::size_t row_opener::open(const core::admission& by, chunk& rows) {
  const core::data_keys keys = keys_of(by, rows.subjects);
  const std::size_t left_out = admitted_.take_out(by, &keys, rows);
  for (std::size_t c = 0; c < opened_.size(); ++c) {
    if (opened_[c].asked) {
      opened_[c].words.assign(rows.rows * words_of(table_.columns[c].type), 0);
      opened_[c].valid.assign(rows.rows / 64 + 1, 0);
    }
  }
  const column_view sealed = rows.columns.back();
  plain_.resize(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    // Without a payload the row is from before the table had such columns: no value.
    if (!sealed.is_null(i)) {
      try {
        plain_[i] = core::unseal(keys.at(handle_of(rows.subjects[i])), core::as_bytes(sealed.text(i)),
                                 core::as_bytes(place_of(table_.name, rows.subjects[i])));
      } catch (const error&) {
        refuse();
      }
      read_payload(i);
    }
  }
  std::vector<column_view> shown;
  shown.reserve(asked_.size());
  auto next = rows.columns.begin();
  for (const std::size_t position : asked_) {
    const column& c = table_.columns[position];
    if (c.sealed) {
      shown.emplace_back(c.type, rows.rows, opened_[position].words.data(), opened_[position].valid.data());
    } else {
      shown.push_back(*next++);
    }
  }
  rows.columns = std::move(shown);
  return left_out;
}

void row_opener::read_payload(std::size_t row) {
  payload_reader from(plain_[row]);
  for (std::size_t c = 0; c < table_.columns.size() && !from.done(); ++c) {
    const column_type type = table_.columns[c].type;
    if (!table_.columns[c].sealed) {
      continue;
    }
    auto found = kind::nothing;
    std::uint64_t word = 0;
    std::string_view text;
    bool whole = from.take(found);
    if (whole && found == kind::text) {
      whole = type == column_type::text && from.take(text);
    } else if (whole && found != kind::nothing) {
      whole = found == (type == column_type::int64 ? kind::int64 : kind::float64) && type != column_type::text &&
              from.take(word);
    }
    if (!whole) {
      refuse();
    }
    if (found == kind::nothing || !opened_[c].asked) {
      continue;
    }
    opened_[c].valid[row / 64] |= std::uint64_t{1} << (row % 64);
    if (type == column_type::text) {
      write_text(text, opened_[c].words.data() + row * words_of(type));
    } else {
      opened_[c].words[row] = word;
    }
  }
}

void row_opener::refuse() const {
  throw error(errc::corrupt,
              fmt::format("part {} of table \"{}\": the sealed values of a row do not open with the key of "
                          "its person; restore it from a copy",
                          part_, table_.name));
}

}  // namespace eunomia::store::table
