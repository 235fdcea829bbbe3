#include "model_container.h"

#include <cstring>

#include "core/hash.h"

namespace eunomia::fuzz {

namespace {

constexpr std::size_t header_bytes = 64;
constexpr std::size_t entry_bytes = 96;
constexpr std::size_t alignment = 64;
constexpr std::size_t most_sections = 64;

template <class Value>
Value value_at(std::string_view bytes, std::size_t at) {
  Value value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class Value>
void put(std::string& bytes, std::size_t at, const Value& value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void pad(std::string& bytes) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
}

}  // namespace

std::optional<model_container> model_container::of(std::string_view bytes) {
  if (bytes.size() < header_bytes) {
    return std::nullopt;
  }
  const std::size_t count = value_at<std::uint32_t>(bytes, 12);
  const std::uint64_t table = value_at<std::uint64_t>(bytes, 16);
  const std::uint64_t family_bytes = value_at<std::uint32_t>(bytes, 32);
  const std::uint64_t parameters_bytes = value_at<std::uint32_t>(bytes, 36);
  if (count > most_sections || table > bytes.size() ||
      bytes.size() - table < count * entry_bytes + family_bytes + parameters_bytes) {
    return std::nullopt;
  }
  model_container result;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = table + i * entry_bytes;
    const auto offset = value_at<std::uint64_t>(bytes, entry + 48);
    const auto length = value_at<std::uint64_t>(bytes, entry + 56);
    if (offset > bytes.size() || length > bytes.size() - offset) {
      return std::nullopt;
    }
    result.sections.push_back({value_at<std::array<char, 48>>(bytes, entry), value_at<std::uint32_t>(bytes, entry + 64),
                               std::string(bytes.substr(offset, length))});
  }
  result.family = bytes.substr(table + count * entry_bytes, family_bytes);
  result.parameters = bytes.substr(table + count * entry_bytes + family_bytes, parameters_bytes);
  return result;
}

std::string model_container::bytes() const {
  std::string out(header_bytes, '\0');
  std::string table;
  for (const section& s : sections) {
    pad(out);
    std::string entry(entry_bytes, '\0');
    put(entry, 0, s.name);
    put(entry, 48, std::uint64_t{out.size()});
    put(entry, 56, std::uint64_t{s.content.size()});
    put(entry, 64, s.element_size);
    put(entry, 72, core::xxh3(s.content).bytes);
    table += entry;
    out += s.content;
  }
  pad(out);
  table += family;
  table += parameters;
  out.replace(0, 8, "EUNMODEL");
  put(out, 8, std::uint32_t{1});
  put(out, 12, static_cast<std::uint32_t>(sections.size()));
  put(out, 16, std::uint64_t{out.size()});
  put(out, 24, std::uint64_t{table.size()});
  put(out, 32, static_cast<std::uint32_t>(family.size()));
  put(out, 36, static_cast<std::uint32_t>(parameters.size()));
  core::xxh3_hasher hasher;
  hasher.update(std::string_view(out).substr(0, header_bytes));
  hasher.update(std::string_view(table));
  put(out, 40, hasher.finish().bytes);
  return out + table;
}

}  // namespace eunomia::fuzz
