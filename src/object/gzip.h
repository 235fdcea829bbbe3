#pragma once

#include <memory>
#include <vector>

#include "object/content.h"

// gzip (RFC 1952), as it streams.
namespace eunomia::object {

// What is in it, of all members. Throws errc::corrupt for what is no gzip, or is cut.
class gunzipped final : public content {
 public:
  explicit gunzipped(content& from);
  ~gunzipped() override;
  std::size_t read(std::span<std::byte> out) override;

 private:
  struct state;
  content& from_;
  std::unique_ptr<state> state_;
};

// The same bytes for the same content: without a time or a name.
class gzipped final : public content {
 public:
  explicit gzipped(content& from);
  ~gzipped() override;
  std::size_t read(std::span<std::byte> out) override;

 private:
  struct state;
  content& from_;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::object
