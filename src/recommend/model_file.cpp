// The format, version 1. Integers are little-endian; everything starts at a multiple of 64 bytes, gaps are zero.
//
//   header, 64 bytes
//     0  char[8]  magic "EUNMODEL"
//     8  u32      version = 1
//    12  u32      number of sections
//    16  u64      offset of the table
//    24  u64      length of the table in bytes; the file ends there
//    32  u32      length of the family's name
//    36  u32      length of the parameters
//    40  u8[16]   XXH3-128 of the header with these 16 bytes zero, followed by the table
//    56  u8[8]    zero
//   sections, one after another without gaps but the alignment
//   table
//     for each section, 96 bytes: char[48] name, zero-padded; u64 offset; u64 length in bytes; u32 element size;
//     u32 zero; u8[16] XXH3-128 of the section; u8[8] zero
//     the family's name, then the parameters
//
// Nothing in a file depends on the time, the machine or its name: the same model gives the same bytes. Because sections
// leave no gaps, there is one place where each may be, and no two can overlap.

#include "recommend/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace eunomia::recommend {

static_assert(std::endian::native == std::endian::little, "sections are mapped as they are");

namespace {

constexpr std::array<char, 8> magic = {'E', 'U', 'N', 'M', 'O', 'D', 'E', 'L'};
constexpr std::uint32_t version = 1;
constexpr std::uint64_t alignment = 64;
constexpr std::size_t maximum_sections = 1024;
constexpr std::size_t maximum_parameters = std::size_t{1} << 20;

struct file_header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t sections;
  std::uint64_t table_offset;
  std::uint64_t table_bytes;
  std::uint32_t family_bytes;
  std::uint32_t parameters_bytes;
  core::digest128 checksum;
  std::array<char, 8> zero;
};
static_assert(sizeof(file_header) == 64 && std::is_trivially_copyable_v<file_header>);

struct table_entry {
  std::array<char, 48> name;
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint32_t element_size;
  std::uint32_t zero;
  core::digest128 checksum;
  std::array<char, 8> more_zero;
};
static_assert(sizeof(table_entry) == 96 && std::is_trivially_copyable_v<table_entry>);

constexpr std::uint64_t aligned(std::uint64_t offset) {
  return (offset + alignment - 1) / alignment * alignment;
}

core::digest128 checksum_of(file_header header, core::bytes_view table) {
  header.checksum = {};
  core::xxh3_hasher hasher;
  hasher.update(std::as_bytes(std::span(&header, 1)));
  hasher.update(table);
  return hasher.finish();
}

std::string_view name_in(const table_entry& entry) {
  return {entry.name.data(), std::find(entry.name.begin(), entry.name.end(), '\0')};
}

bool all_zero(core::bytes_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

// Writing.

struct model_file_writer::state {
  state(std::filesystem::path target, std::string_view family_name, std::string_view parameters_json)
      : file(std::move(target)), family(family_name), parameters(parameters_json) {}

  void pad() {
    static constexpr std::array<std::byte, alignment> zeros = {};
    file.write(core::bytes_view(zeros).first(aligned(file.size()) - file.size()));
  }

  core::atomic_file file;
  std::string family;
  std::string parameters;
  std::vector<table_entry> table;
};

model_file_writer::model_file_writer(std::filesystem::path target, std::string_view family, std::string_view parameters)
    : state_(std::make_unique<state>(std::move(target), family, parameters)) {
  assert(parameters.size() <= maximum_parameters);
  const file_header unfinished{};
  state_->file.write(std::as_bytes(std::span(&unfinished, 1)));
}

model_file_writer::~model_file_writer() = default;

void model_file_writer::add_bytes(std::string_view name, std::span<const std::byte> bytes, std::size_t element_size) {
  assert(name.size() < sizeof(table_entry::name) && state_->table.size() < maximum_sections);
  state_->pad();
  table_entry entry{};
  std::copy(name.begin(), name.end(), entry.name.begin());
  entry.offset = state_->file.size();
  entry.bytes = bytes.size();
  entry.element_size = static_cast<std::uint32_t>(element_size);
  entry.checksum = core::xxh3(bytes);
  state_->file.write(bytes);
  state_->table.push_back(entry);
}

void model_file_writer::add(std::string_view name, const catalogue& items) {
  std::vector<std::uint64_t> ends;
  std::string text;
  ends.reserve(items.size());
  for (const std::string& id : items.ids()) {
    text += id;
    ends.push_back(text.size());
  }
  add(fmt::format("{}.ends", name), ends);
  add(fmt::format("{}.text", name), std::span<const char>(text));
}

void model_file_writer::add(std::string_view prefix, const preferences& rows) {
  add(fmt::format("{}.quanta_per_unit", prefix), std::span(&rows.quanta_per_unit, 1));
  add(fmt::format("{}.subjects", prefix), rows.subjects);
  add(fmt::format("{}.row_begin", prefix), rows.row_begin);
  add(fmt::format("{}.item", prefix), rows.item);
  add(fmt::format("{}.weight", prefix), rows.weight);
  add(fmt::format("{}.time", prefix), rows.time);
}

void model_file_writer::finish() {
  state& s = *state_;
  s.pad();
  const auto entries = std::as_bytes(std::span(s.table));
  std::vector<std::byte> table(entries.begin(), entries.end());
  for (const std::string& text : {s.family, s.parameters}) {
    const auto bytes = core::as_bytes(text);
    table.insert(table.end(), bytes.begin(), bytes.end());
  }
  file_header header{};
  header.magic = magic;
  header.version = version;
  header.sections = static_cast<std::uint32_t>(s.table.size());
  header.table_offset = s.file.size();
  header.table_bytes = table.size();
  header.family_bytes = static_cast<std::uint32_t>(s.family.size());
  header.parameters_bytes = static_cast<std::uint32_t>(s.parameters.size());
  header.checksum = checksum_of(header, table);
  s.file.write(table);
  s.file.write_at(0, std::as_bytes(std::span(&header, 1)));
  s.file.commit();
}

// Reading.

namespace {

class mapped_model_file final : public model_file {
 public:
  explicit mapped_model_file(std::shared_ptr<const core::mapped_file> file) : file_(std::move(file)) {
    read_header();
    read_sections();
  }

  std::string_view family() const override { return family_; }
  std::string_view parameters() const override { return parameters_; }
  bool has(std::string_view name) const override { return sections_.contains(name); }

 protected:
  const std::filesystem::path& path() const override { return file_->path(); }
  std::span<const std::byte> section(std::string_view name, std::size_t element_size) const override {
    const auto found = sections_.find(name);
    if (found == sections_.end()) {
      refuse(fmt::format("section \"{}\" is missing", name));
    }
    if (found->second.element_size != element_size) {
      refuse(fmt::format("section \"{}\" has elements of {} bytes, expected {}", name, found->second.element_size,
                         element_size));
    }
    return bytes_of(found->second);
  }
  std::shared_ptr<const void> mapping() const override { return file_; }

 private:
  std::span<const std::byte> bytes_of(const table_entry& entry) const {
    return file_->bytes().subspan(entry.offset, entry.bytes);
  }

  void read_header() {
    const auto bytes = file_->bytes();
    if (bytes.size() < sizeof header_) {
      refuse(fmt::format("it is cut after {} bytes, within its header", bytes.size()));
    }
    std::memcpy(&header_, bytes.data(), sizeof header_);
    if (header_.magic != magic) {
      refuse("it does not start as a model file does (wrong magic number)");
    }
    if (header_.version != version) {
      refuse(
          fmt::format("its format has version {}, this program reads version {}; if it is from a newer release, use "
                      "that release",
                      header_.version, version));
    }
    const std::uint64_t size = bytes.size();
    if (header_.table_offset > size || header_.table_bytes != size - header_.table_offset) {
      refuse(fmt::format("it has {} bytes where its header promises {}", size,
                         header_.table_offset + header_.table_bytes));
    }
    const std::uint64_t entries = std::uint64_t{header_.sections} * sizeof(table_entry);
    if (header_.sections > maximum_sections ||
        header_.table_bytes != entries + header_.family_bytes + header_.parameters_bytes) {
      refuse("its table of sections has not the size that its header promises");
    }
    const auto table = bytes.subspan(header_.table_offset);
    if (checksum_of(header_, table) != header_.checksum) {
      refuse("its header or table of sections was altered (checksum)");
    }
    const auto* text = reinterpret_cast<const char*>(table.data() + entries);
    family_ = {text, header_.family_bytes};
    parameters_ = {text + header_.family_bytes, header_.parameters_bytes};
  }

  void read_sections() {
    std::uint64_t end = sizeof header_;
    for (std::uint32_t i = 0; i < header_.sections; ++i) {
      table_entry entry;
      std::memcpy(&entry, file_->bytes().data() + header_.table_offset + i * sizeof entry, sizeof entry);
      const std::string name(name_in(entry));
      if (entry.offset != aligned(end) || entry.offset > header_.table_offset ||
          entry.bytes > header_.table_offset - entry.offset) {
        refuse(fmt::format("section \"{}\" is not where it belongs", name));
      }
      if (entry.element_size == 0 || entry.bytes % entry.element_size != 0) {
        refuse(fmt::format("section \"{}\" of {} bytes does not hold elements of {} bytes", name, entry.bytes,
                           entry.element_size));
      }
      require_zeros(end, entry.offset, name);
      if (core::xxh3(bytes_of(entry)) != entry.checksum) {
        refuse(fmt::format("section \"{}\" was altered (checksum)", name));
      }
      end = entry.offset + entry.bytes;
      if (!sections_.emplace(name, entry).second) {
        refuse(fmt::format("section \"{}\" appears twice", name));
      }
    }
    if (header_.table_offset != aligned(end)) {
      refuse("its table of sections is not where it belongs");
    }
    require_zeros(end, header_.table_offset, "the table");
  }

  void require_zeros(std::uint64_t begin, std::uint64_t end, std::string_view before) const {
    if (!all_zero(file_->bytes().subspan(begin, end - begin))) {
      refuse(fmt::format("the gap before {} was altered", before));
    }
  }

  std::shared_ptr<const core::mapped_file> file_;
  file_header header_{};
  std::string_view family_;
  std::string_view parameters_;
  std::map<std::string, table_entry, std::less<>> sections_;
};

template <class Offsets>
bool ascends(const Offsets& offsets) {
  return std::is_sorted(offsets.begin(), offsets.end());
}

}  // namespace

void model_file::refuse(const std::string& what) const {
  throw core::error(
      core::errc::corrupt,
      fmt::format("model file \"{}\": {}; restore it from a backup or train the model again", path().string(), what));
}

std::shared_ptr<const model_file> model_file::open(const std::filesystem::path& file) {
  auto mapped = core::mapped_file::open(file);
  mapped->will_need();
  return std::make_shared<mapped_model_file>(std::move(mapped));
}

std::shared_ptr<const catalogue> model_file::read_catalogue(std::string_view name) const {
  const auto ends = array<std::uint64_t>(fmt::format("{}.ends", name));
  const auto text = array<char>(fmt::format("{}.text", name));
  if (!ascends(ends.view()) || ends.size() > catalogue::maximum_items ||
      (ends.size() == 0 ? text.size() != 0 : ends[ends.size() - 1] != text.size())) {
    refuse(fmt::format("section \"{}.ends\" does not divide \"{}.text\"", name, name));
  }
  std::vector<std::string> ids;
  ids.reserve(ends.size());
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends.view()) {
    ids.emplace_back(text.data() + begin, end - begin);
    if (ids.size() > 1 && !(ids[ids.size() - 2] < ids.back())) {
      refuse(fmt::format("section \"{}.text\" is not in the order of its bytes", name));
    }
    begin = end;
  }
  return std::make_shared<catalogue>(std::move(ids));
}

preferences model_file::read_preferences(std::string_view prefix, std::shared_ptr<const catalogue> items) const {
  const auto read = [&](std::string_view column, auto& into) {
    using value = typename std::remove_reference_t<decltype(into)>::value_type;
    const auto values = array<value>(fmt::format("{}.{}", prefix, column));
    into.assign(values.view().begin(), values.view().end());
  };
  preferences rows;
  std::vector<std::uint32_t> quanta;
  read("quanta_per_unit", quanta);
  read("subjects", rows.subjects);
  read("row_begin", rows.row_begin);
  read("item", rows.item);
  read("weight", rows.weight);
  read("time", rows.time);
  const auto require = [&](bool holds, std::string_view column, std::string_view what) {
    if (!holds) {
      refuse(fmt::format("section \"{}.{}\" {}", prefix, column, what));
    }
  };
  require(quanta.size() == 1 && (quanta[0] == 1 || quanta[0] == preferences::fine_quanta), "quanta_per_unit",
          "is no known number of quanta");
  rows.quanta_per_unit = quanta[0];
  require(rows.row_begin.size() == rows.subjects.size() + 1 && rows.row_begin.front() == 0 &&
              rows.row_begin.back() == rows.item.size() && rows.subjects.size() < UINT32_MAX &&
              std::adjacent_find(rows.row_begin.begin(), rows.row_begin.end(), std::greater_equal<>()) ==
                  rows.row_begin.end(),
          "row_begin", "does not divide the items into rows");
  require(std::adjacent_find(rows.subjects.begin(), rows.subjects.end(), std::greater_equal<>()) == rows.subjects.end(),
          "subjects", "is not ascending");
  require(rows.weight.size() == rows.item.size(), "weight", "has not the length of the items");
  require(rows.time.size() == rows.item.size(), "time", "has not the length of the items");
  require(std::all_of(rows.weight.begin(), rows.weight.end(),
                      [](std::uint16_t w) { return w > 0 && w <= preferences::maximum_weight; }),
          "weight", "has a weight out of range");
  for (std::uint32_t row = 0; row < rows.rows(); ++row) {
    const auto of_row = rows.items_of(row);
    require(of_row.back() < items->size() &&
                std::adjacent_find(of_row.begin(), of_row.end(), std::greater_equal<>()) == of_row.end(),
            "item", "has a row that is not ascending in the catalogue");
  }
  rows.items = std::move(items);
  return rows;
}

}  // namespace eunomia::recommend
