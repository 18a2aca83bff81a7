// One test a type: INSTANTIATE_TEST_SUITE_P(AllTypes, Suite, every_type(), type_name).
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "dtype.hpp"

namespace topkit::test {

inline auto every_type() { return testing::Range(0, kDTypes); }
inline std::string type_name(const testing::TestParamInfo<int>& parameter) {
  return std::string(name(static_cast<DType>(parameter.param)));
}

class ForEveryType : public testing::TestWithParam<int> {
 protected:
  static DType dtype() { return static_cast<DType>(GetParam()); }
};

}  // namespace topkit::test
