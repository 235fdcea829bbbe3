// ZIP as APPNOTE.TXT 6.3.10 has it, of which only stored entries below 4 GiB are read and written: no entry can become
// larger than the file. Reading goes by the central directory. Arrays: numpy's format, versions 1.0 to 3.0
// (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#include "recommend/portable_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"

namespace eunomia::recommend {

namespace {

using core::errc;

constexpr std::uint32_t local_magic = 0x04034b50;
constexpr std::uint32_t central_magic = 0x02014b50;
constexpr std::uint32_t end_magic = 0x06054b50;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t longest_comment = 65'535;
constexpr std::uint16_t dos_date_1980 = 0x21;
constexpr std::string_view manifest_name = "manifest.json";
constexpr std::string_view items_name = "items.json";
constexpr std::string_view array_suffix = ".npy";
constexpr std::string_view npy_magic = "\x93NUMPY";
constexpr std::size_t npy_alignment = 64;
constexpr std::size_t max_dimensions = 2;
constexpr std::size_t max_manifest_bytes = std::size_t{2} << 20U;
constexpr std::size_t max_items_bytes = std::size_t{1} << 30U;
constexpr std::size_t max_item_id_bytes = 16 * 1024;

struct portable_manifest {
  std::string format = "eunomia-model";
  int version = portable_format;
  std::string family;
  core::json_value parameters = core::json_value::of_object();
  std::string origin;
};
BOOST_DESCRIBE_STRUCT(portable_manifest, (), (format, version, family, parameters, origin))

[[noreturn]] void refuse(std::string_view entry, std::string_view what) {
  throw core::error(errc::invalid_argument,
                    fmt::format("{}: {}; docs/models.md says how a model file looks", entry, what));
}

// Little-endian numbers into text.
template <class T>
void append(std::string& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xffU);
  }
}
template <class T>
T number_at(core::bytes_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
std::string_view text_at(core::bytes_view bytes, std::size_t at, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

std::uint32_t crc_of(core::bytes_view bytes) {
  constexpr std::size_t piece = std::size_t{1} << 30U;
  uLong crc = ::crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const std::size_t now = std::min(bytes.size(), piece);
    crc = ::crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(now));
    bytes = bytes.subspan(now);
  }
  return static_cast<std::uint32_t>(crc);
}

// Writing.

class zip_writer {
 public:
  explicit zip_writer(const std::filesystem::path& file) : file_(file) {}

  void add(const std::string& name, core::bytes_view head, core::bytes_view rest = {}) {
    const std::uint64_t size = head.size() + rest.size();
    const std::uint64_t offset = file_.size();
    if (offset + size + local_bytes + name.size() > max_portable_bytes) {
      throw core::error(errc::resource_exhausted,
                        fmt::format("the model has more than max_portable_bytes = {}", max_portable_bytes));
    }
    const uLong crc =
        rest.empty() ? crc_of(head) : ::crc32_combine(crc_of(head), crc_of(rest), static_cast<z_off_t>(rest.size()));
    std::string fields;                     // that the local header and the directory share
    append<std::uint16_t>(fields, 20);      // version 2.0 reads it
    append<std::uint16_t>(fields, 0x0800);  // names are UTF-8
    append<std::uint16_t>(fields, 0);       // stored
    append<std::uint16_t>(fields, 0);       // at midnight
    append<std::uint16_t>(fields, dos_date_1980);
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(crc));
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(size));
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(size));
    append<std::uint16_t>(fields, static_cast<std::uint16_t>(name.size()));
    append<std::uint16_t>(fields, 0);  // no extra field
    std::string local;
    append(local, local_magic);
    file_.write(local + fields + name);
    file_.write(head);
    file_.write(rest);
    append(directory_, central_magic);
    append<std::uint16_t>(directory_, 20);
    directory_ += fields;
    append<std::uint16_t>(directory_, 0);  // no comment
    append<std::uint16_t>(directory_, 0);  // on this disk
    append<std::uint16_t>(directory_, 0);
    append<std::uint32_t>(directory_, 0);
    append<std::uint32_t>(directory_, static_cast<std::uint32_t>(offset));
    directory_ += name;
    ++entries_;
  }

  void finish() {
    const std::uint64_t begin = file_.size();
    file_.write(directory_);
    std::string end;
    append(end, end_magic);
    append<std::uint32_t>(end, 0);  // one disk
    append<std::uint16_t>(end, entries_);
    append<std::uint16_t>(end, entries_);
    append<std::uint32_t>(end, static_cast<std::uint32_t>(directory_.size()));
    append<std::uint32_t>(end, static_cast<std::uint32_t>(begin));
    append<std::uint16_t>(end, 0);
    file_.write(end);
    file_.commit();
  }

 private:
  core::atomic_file file_;
  std::string directory_;
  std::uint16_t entries_ = 0;
};

std::string_view descr_of(array_type type) {
  switch (type) {
    case array_type::uint8: return "|u1";
    case array_type::uint32: return "<u4";
    case array_type::uint64: return "<u8";
    case array_type::float32: break;
  }
  return "<f4";
}

std::string npy_head(const portable_array& of) {
  std::string shape;
  for (const std::uint64_t extent : of.shape) {
    shape += fmt::format("{}, ", extent);
  }
  shape.resize(of.shape.size() > 1 ? shape.size() - 2 : shape.size() - 1);  // "(3,)" and "(3, 4)"
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr_of(of.type), shape);
  const std::size_t before = npy_magic.size() + 4;
  text.resize((before + text.size() + npy_alignment) / npy_alignment * npy_alignment - before - 1, ' ');
  text += '\n';
  std::string head(npy_magic);
  head += '\x01';
  head += '\0';
  append<std::uint16_t>(head, static_cast<std::uint16_t>(text.size()));
  return head + text;
}

// Reading.

struct zip_entry {
  std::string name;
  core::bytes_view bytes;
};

std::size_t end_record_of(core::bytes_view file) {
  if (file.size() >= end_bytes) {
    const std::size_t first = file.size() - std::min(file.size(), end_bytes + longest_comment);
    for (std::size_t at = file.size() - end_bytes + 1; at-- > first;) {
      if (number_at<std::uint32_t>(file, at) == end_magic &&
          at + end_bytes + number_at<std::uint16_t>(file, at + 20) == file.size()) {
        return at;
      }
    }
  }
  refuse("the file", "it is no whole ZIP file");
}

zip_entry entry_at(core::bytes_view file, std::size_t at, std::string name) {
  if (number_at<std::uint16_t>(file, at + 8) & 1U) {
    refuse(name, "it is encrypted");
  }
  if (number_at<std::uint16_t>(file, at + 10) != 0) {
    refuse(name, "it is compressed; store entries as they are (numpy.savez, not numpy.savez_compressed)");
  }
  const std::uint64_t size = number_at<std::uint32_t>(file, at + 20);
  const std::uint64_t offset = number_at<std::uint32_t>(file, at + 42);
  if (size != number_at<std::uint32_t>(file, at + 24) || size == UINT32_MAX || offset == UINT32_MAX) {
    refuse(name, "its size is not told, or it has 4 GiB or more");
  }
  if (offset + local_bytes > file.size() || number_at<std::uint32_t>(file, offset) != local_magic) {
    refuse(name, "the directory names no place where it begins");
  }
  // The local header may have another extra field than the directory has.
  const std::uint64_t begin =
      offset + local_bytes + number_at<std::uint16_t>(file, offset + 26) + number_at<std::uint16_t>(file, offset + 28);
  if (begin > file.size() || size > file.size() - begin) {
    refuse(name, "it ends behind the file");
  }
  const core::bytes_view bytes = file.subspan(begin, size);
  if (crc_of(bytes) != number_at<std::uint32_t>(file, at + 16)) {
    refuse(name, "its bytes are not those of its checksum");
  }
  return {std::move(name), bytes};
}

std::vector<zip_entry> entries_of(core::bytes_view file) {
  const std::size_t end = end_record_of(file);
  const std::size_t count = number_at<std::uint16_t>(file, end + 10);
  std::uint64_t at = number_at<std::uint32_t>(file, end + 16);
  if (count > max_portable_entries) {
    throw core::error(
        errc::resource_exhausted,
        fmt::format("the file has {} entries, more than max_portable_entries = {}", count, max_portable_entries));
  }
  std::vector<zip_entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + central_bytes > end || number_at<std::uint32_t>(file, at) != central_magic) {
      refuse("the file", "its directory is damaged");
    }
    const std::size_t name_bytes = number_at<std::uint16_t>(file, at + 28);
    const std::size_t next =
        central_bytes + name_bytes + number_at<std::uint16_t>(file, at + 30) + number_at<std::uint16_t>(file, at + 32);
    if (at + next > end) {
      refuse("the file", "its directory is damaged");
    }
    std::string name(text_at(file, at + central_bytes, name_bytes));
    if (!core::is_utf8(name) || std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
      refuse("the file", "the name of an entry is no plain text");
    }
    if (std::ranges::find(entries, name, &zip_entry::name) != entries.end()) {
      refuse(name, "it is there twice");
    }
    entries.push_back(entry_at(file, at, std::move(name)));
    at += next;
  }
  return entries;
}

// What stands behind a key of a header such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) {
    return {};
  }
  std::string_view rest = header.substr(at + key.size());
  const std::size_t first = rest.find_first_not_of(" :");
  return first == std::string_view::npos ? std::string_view() : rest.substr(first);
}

std::optional<std::vector<std::uint64_t>> shape_in(std::string_view text) {
  const std::size_t close = text.find(')');
  if (!text.starts_with('(') || close == std::string_view::npos) {
    return std::nullopt;
  }
  text = text.substr(1, close - 1);
  std::vector<std::uint64_t> shape;
  while (!text.empty()) {
    const std::size_t digit = text.find_first_not_of(" ,");
    if (digit == std::string_view::npos) {
      break;
    }
    text.remove_prefix(digit);
    std::uint64_t extent = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (fault != std::errc() || shape.size() == max_dimensions) {
      return std::nullopt;
    }
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return shape.empty() ? std::nullopt : std::optional(shape);
}

portable_array read_npy(const zip_entry& entry, const std::shared_ptr<const void>& owner) {
  const core::bytes_view all = entry.bytes;
  const std::size_t fixed = npy_magic.size() + 2;
  if (all.size() < fixed + 4 || text_at(all, 0, npy_magic.size()) != npy_magic) {
    refuse(entry.name, "it is no array of numpy's format");
  }
  const auto major = static_cast<unsigned>(all[npy_magic.size()]);
  if (major < 1 || major > 3) {
    refuse(entry.name, "it is of a version of numpy's format that is not known");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t length = major == 1 ? number_at<std::uint16_t>(all, fixed) : number_at<std::uint32_t>(all, fixed);
  const std::size_t begin = fixed + length_bytes;
  if (length > all.size() - begin) {
    refuse(entry.name, "its header ends behind it");
  }
  const std::string_view header = text_at(all, begin, length);
  portable_array made;
  const std::string_view descr = value_of(header, "'descr'");
  constexpr std::array types = {array_type::float32, array_type::uint8, array_type::uint32, array_type::uint64};
  const auto type = std::ranges::find_if(
      types, [&](array_type one) { return descr.starts_with(fmt::format("'{}'", descr_of(one))); });
  if (type == types.end()) {
    refuse(entry.name, "its descr is none of '<f4', '|u1', '<u4' and '<u8'");
  }
  made.type = *type;
  if (!value_of(header, "'fortran_order'").starts_with("False")) {
    refuse(entry.name, "its rows do not lie one after another: fortran_order is not False");
  }
  auto shape = shape_in(value_of(header, "'shape'"));
  if (!shape) {
    refuse(entry.name, "its shape is not one or two extents");
  }
  made.shape = *std::move(shape);
  const core::bytes_view values = all.subspan(begin + length);
  // Two extents of so many bytes have a product below 2^64.
  const bool is_sane = std::ranges::all_of(made.shape, [](std::uint64_t one) { return one <= max_portable_bytes; });
  if (!is_sane || values.size() % size_of(made.type) != 0 || made.elements() != values.size() / size_of(made.type)) {
    refuse(entry.name, "its bytes are not as many as its shape says");
  }
  made.bytes = {values, owner};
  return made;
}

std::shared_ptr<const catalogue> read_items(const zip_entry& entry) {
  if (entry.bytes.size() > max_items_bytes) {
    refuse(entry.name, "it is too long");
  }
  core::json_value list;
  try {
    list = core::parse_json(text_at(entry.bytes, 0, entry.bytes.size()),
                            {.max_bytes = max_items_bytes, .max_depth = 2, .max_values = max_portable_items + 1});
  } catch (const core::error& problem) {
    refuse(entry.name, problem.what());
  }
  if (list.type() != core::json_value::kind::array) {
    refuse(entry.name, "it is no list of ids");
  }
  std::vector<std::string> ids;
  for (const core::json_value& each : list.elements()) {
    const bool is_id = each.type() == core::json_value::kind::string && !each.text().empty() &&
                       each.text().size() <= max_item_id_bytes && each.text().find('\0') == std::string::npos;
    if (!is_id || (!ids.empty() && ids.back() >= each.text())) {
      refuse(entry.name, "it is no list of different ids in byte order");
    }
    ids.push_back(each.text());
  }
  return std::make_shared<const catalogue>(std::move(ids));
}

portable_manifest read_manifest(const zip_entry& entry) {
  try {
    const auto read = core::read_json<portable_manifest>(
        text_at(entry.bytes, 0, std::min(entry.bytes.size(), max_manifest_bytes + 1)),
        {.missing = core::json_missing::keep_default, .limits = {.max_bytes = max_manifest_bytes}});
    if (read.format != portable_manifest{}.format || read.version != portable_format) {
      refuse(entry.name,
             fmt::format("it is of format \"{}\", version {}, and this program reads \"{}\", version {}",
                         read.format.substr(0, 64), read.version, portable_manifest{}.format, portable_format));
    }
    return read;
  } catch (const core::error& problem) {
    refuse(entry.name, problem.what());
  }
}

const zip_entry& needed(const std::vector<zip_entry>& entries, std::string_view name) {
  const auto found = std::ranges::find(entries, name, &zip_entry::name);
  if (found == entries.end()) {
    refuse("the file", fmt::format("it has no entry {}", name));
  }
  return *found;
}

}  // namespace

void write_portable(const portable_model& what, const std::filesystem::path& file) {
  portable_manifest manifest;
  manifest.family = what.family;
  manifest.parameters = core::parse_json(what.parameters);
  manifest.origin = what.origin;
  zip_writer zip(file);
  const std::string head = core::write_json(manifest, 2) + "\n";
  zip.add(std::string(manifest_name), core::as_bytes(head));
  core::json_writer list(0);
  list.begin_array();
  for (const std::string& id : what.items->ids()) {
    list.string(id);
  }
  list.end_array();
  const std::string items = std::move(list).text();
  zip.add(std::string(items_name), core::as_bytes(items));
  for (const auto& [name, array] : what.arrays) {
    const std::string header = npy_head(array);
    zip.add(name + std::string(array_suffix), core::as_bytes(header), array.bytes.view());
  }
  zip.finish();
}

portable_model read_portable(const std::filesystem::path& file) {
  const auto mapped = core::mapped_file::open(file);
  if (mapped->bytes().size() > max_portable_bytes) {
    throw core::error(errc::resource_exhausted, fmt::format("the file has {} bytes, more than max_portable_bytes = {}",
                                                            mapped->bytes().size(), max_portable_bytes));
  }
  const std::vector<zip_entry> entries = entries_of(mapped->bytes());
  const portable_manifest manifest = read_manifest(needed(entries, manifest_name));
  portable_model made;
  made.family = manifest.family;
  made.parameters = core::write_json(manifest.parameters);
  made.origin = manifest.origin;
  made.items = read_items(needed(entries, items_name));
  for (const zip_entry& entry : entries) {
    if (entry.name.ends_with(array_suffix)) {
      made.arrays[entry.name.substr(0, entry.name.size() - array_suffix.size())] = read_npy(entry, mapped);
    }
  }
  return made;
}

}  // namespace eunomia::recommend
