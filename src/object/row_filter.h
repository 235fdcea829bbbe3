#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "object/content.h"
#include "object/object.h"
#include "subject/custody/custodian.h"

// Finds the rows of somebody in files that consist of rows: CSV with a header line, and JSON lines.
namespace eunomia::object {

enum class row_form { csv, json_lines };

// By the end of the name (".csv", ".tsv", ".jsonl", ".ndjson", each perhaps with ".gz"), else by the content type;
// nothing for other files: what looks like rows by chance is not rewritten.
std::optional<row_form> row_form_of(std::string_view key, std::string_view content_type);

inline constexpr std::size_t max_row_bytes = std::size_t{16} << 20;

// Which rows are somebody's: those of which one field is their identifier, as a whole. In CSV a field of any column, in
// JSON a string anywhere in the value, or a number. Identifiers that occur by chance (subject::encodings_of), or name
// something else too, count only in a column or member that is called after people: "user", "USER_ID", "customerId",
// or after the space of the identifier.
class row_matcher {
 public:
  explicit row_matcher(std::span<const subject::person_name> names);

  bool names_nobody() const { return names_.empty(); }
  // column: as the header has it.
  bool is_theirs(std::string_view column, std::string_view value) const;

 private:
  struct named {
    std::vector<std::string> spaces;
    bool everywhere = false;  // in any column
  };
  std::unordered_map<std::string, named> names_;
};

// The file without those rows, byte for byte what it was elsewhere. Read to its end it knows how many it left out.
// Throws errc::failed_precondition for what is no such file: a row that does not end within max_row_bytes, or no JSON.
class row_filter final : public content {
 public:
  // told: each row that is left out, as it stands there. The others outlive it.
  using row_told = std::function<void(std::string_view row)>;
  row_filter(content& from, row_form form, const row_matcher& whose, row_told told = {});
  ~row_filter() override;

  std::size_t read(std::span<std::byte> out) override;
  std::uint64_t left_out() const { return left_out_; }

 private:
  bool next_row();
  std::size_t end_of_row() const;
  bool take_header(std::string_view row);
  bool is_theirs(std::string_view row);
  void split(std::string_view row, std::vector<std::string>& fields) const;

  content& from_;
  const row_form form_;
  const row_matcher& whose_;
  const row_told told_;
  std::string buffer_;  // what was read, from begin_ on
  std::size_t begin_ = 0;
  std::size_t row_end_ = 0;  // of the row that is being handed on
  std::size_t given_ = 0;    // how far it is
  bool ended_ = false;
  bool has_header_ = false;
  char delimiter_ = ',';
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;
  std::uint64_t left_out_ = 0;
};

}  // namespace eunomia::object
