#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"

namespace eunomia::core {

// Writes JSON text piece by piece: for output that is no struct; structs go through write_json (core/json.h). The same
// calls give the same bytes, always: members in the order written, doubles and floats in the shortest form that reads
// back to the same bits. In strings, what is not UTF-8 becomes U+FFFD.
//   json_writer out; out.begin_object(); out.name("rows"); out.number(3); out.end_object(); out.text()
class json_writer {
 public:
  // indentation: spaces a level; 0: all on one line, without spaces.
  explicit json_writer(std::size_t indentation = 0) : indentation_(indentation) {}

  void begin_object() { open('{', false); }
  void end_object() { close('}', false); }
  void begin_array() { open('[', true); }
  void end_array() { close(']', true); }
  // The name of the next value: inside an object every value has one before it.
  void name(std::string_view name);

  void null();
  void boolean(bool value);
  void string(std::string_view value);
  void number(std::int64_t value);
  void number(std::uint64_t value);
  void number(int value) { number(std::int64_t{value}); }
  void number(unsigned value) { number(std::uint64_t{value}); }
  // Throw errc::invalid_argument naming the path for NaN and the infinities, which have no JSON form.
  void number(double value);
  void number(float value);
  void value(const json_value& value);

  // The document; asserts that every object and array was ended.
  const std::string& text() const&;
  std::string text() &&;

 private:
  struct level {
    bool array;
    std::size_t count = 0;
    std::string name;  // of the member being written, for messages
  };

  void open(char bracket, bool array);
  void close(char bracket, bool array);
  void before_value();
  void new_line();
  void append_quoted(std::string_view text);
  [[noreturn]] void refuse_non_finite(double value) const;

  std::size_t indentation_;
  std::string out_;
  std::vector<level> levels_;
  bool named_ = false;  // a name was written and its value not yet
};

}  // namespace eunomia::core
