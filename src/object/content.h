#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/digest.h"
#include "core/file.h"

namespace eunomia::object {

// Bytes that are read once, from the beginning.
class content {
 public:
  virtual ~content() = default;
  // Fills out as far as there is something; less than all of it only at the end. Throws what keeps it from being read.
  virtual std::size_t read(std::span<std::byte> out) = 0;
};

// Of a file, which must not change meanwhile.
class file_content final : public content {
 public:
  explicit file_content(std::filesystem::path path);
  std::size_t read(std::span<std::byte> out) override;

 private:
  std::filesystem::path path_;
  core::file_descriptor file_;
};

// Of memory that outlives it.
class memory_content final : public content {
 public:
  explicit memory_content(core::bytes_view bytes) : rest_(bytes) {}
  explicit memory_content(std::string_view text) : rest_(core::as_bytes(text)) {}
  std::size_t read(std::span<std::byte> out) override;

 private:
  core::bytes_view rest_;
};

// pread(2) until out is full or the file ends; how much it was.
std::size_t read_at(const core::file_descriptor& file, std::uint64_t offset, std::span<std::byte> out,
                    const std::filesystem::path& named);

}  // namespace eunomia::object
