#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "recommend/catalogue.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// An array that somebody else owns: a vector of ours or a mapped file. Copies share the owner.
template <class T>
class shared_array {
 public:
  shared_array() = default;
  explicit shared_array(std::vector<T> values) {
    auto owned = std::make_shared<std::vector<T>>(std::move(values));
    view_ = {owned->data(), owned->size()};
    owner_ = std::move(owned);
  }
  shared_array(std::span<const T> view, std::shared_ptr<const void> owner) : view_(view), owner_(std::move(owner)) {}

  std::span<const T> view() const { return view_; }
  const T* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  const T& operator[](std::size_t i) const { return view_[i]; }

 private:
  std::span<const T> view_;
  std::shared_ptr<const void> owner_;
};

// The format of a model file, described in model_file.cpp: a header with the format version and the place of the table,
// then named sections of plain little-endian arrays, each aligned to 64 bytes and checksummed (XXH3-128), then the
// table of sections with the family and its parameters, checksummed together with the header. Version 1. The same model
// gives the same bytes.

// Writes beside the target and renames over it after fsync in finish(); without finish() nothing is left. Names of
// sections have at most 47 bytes.
class model_file_writer {
 public:
  model_file_writer(std::filesystem::path target, std::string_view family, std::string_view parameters);
  ~model_file_writer();
  model_file_writer(const model_file_writer&) = delete;
  model_file_writer& operator=(const model_file_writer&) = delete;

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void add(std::string_view name, std::span<const T> values) { add_bytes(name, std::as_bytes(values), sizeof(T)); }
  template <class T>
  void add(std::string_view name, const std::vector<T>& values) {
    add(name, std::span<const T>(values));
  }
  void add(std::string_view name, const catalogue& items);
  void add(std::string_view prefix, const preferences& rows);

  // Throws errc::resource_exhausted when the disk is full; the old file, if any, is still there then.
  void finish();

 private:
  void add_bytes(std::string_view name, std::span<const std::byte> bytes, std::size_t element_size);

  struct state;
  std::unique_ptr<state> state_;
};

// A model file mapped into memory; every byte is verified against its checksum on opening.
class model_file {
 public:
  // Throws errc::not_found, or errc::corrupt naming the file, the section and what is wrong.
  static std::shared_ptr<const model_file> open(const std::filesystem::path& file);
  virtual ~model_file() = default;

  virtual std::string_view family() const = 0;
  virtual std::string_view parameters() const = 0;

  // Throws errc::corrupt when there is no such section or its elements have another size.
  template <class T>
  requires std::is_trivially_copyable_v<T> shared_array<T> array(std::string_view name)
  const {
    const auto bytes = section(name, sizeof(T));
    return {{reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)}, mapping()};
  }
  virtual bool has(std::string_view name) const = 0;
  // For a loader that finds sections which contradict each other: throws errc::corrupt naming the file and what is
  // wrong. Checksums find accidents; a loader checks what it would otherwise crash on.
  [[noreturn]] void refuse(const std::string& what) const;
  std::shared_ptr<const catalogue> read_catalogue(std::string_view name) const;
  preferences read_preferences(std::string_view prefix, std::shared_ptr<const catalogue> items) const;

 protected:
  virtual const std::filesystem::path& path() const = 0;
  virtual std::span<const std::byte> section(std::string_view name, std::size_t element_size) const = 0;
  virtual std::shared_ptr<const void> mapping() const = 0;
};

}  // namespace eunomia::recommend
