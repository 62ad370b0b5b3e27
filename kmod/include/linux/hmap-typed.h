/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: types of maps, declared in one line; included by <linux/hmap.h>.
 */
#ifndef _LINUX_HMAP_TYPED_H
#define _LINUX_HMAP_TYPED_H

/**
 * DEFINE_HMAP() - declare a type of map
 * @name: struct @name is the type; its functions are @name_init() and so on
 * @key_type: type of the keys; all its bytes count, padding too
 * @value_type: type of the values
 *
 * The functions are those of hmap with keys and values of these types:
 *
 *	int name_init(struct name *m);
 *	void name_destroy(struct name *m);
 *	int name_get(struct name *m, key_type key, value_type *value);
 *	int name_put(struct name *m, key_type key, value_type value,
 *		     unsigned int flags, gfp_t gfp);
 *	int name_pop(struct name *m, key_type key, value_type *value);
 *	int name_delete(struct name *m, key_type key);
 *	unsigned int name_get_batch(struct name *m, const key_type *keys,
 *				    unsigned int n, value_type *values,
 *				    unsigned long *found);
 *
 * Everything else is done with &m->map. DEFINE_HMAP_PARAMS() takes further
 * parameters of the map.
 */
#define DEFINE_HMAP(name, key_type, value_type)				\
	DEFINE_HMAP_PARAMS(name, key_type, value_type, .flags = 0)

/**
 * DEFINE_HMAP_PARAMS() - declare a type of map with parameters
 * @name: as for DEFINE_HMAP()
 * @key_type: as for DEFINE_HMAP()
 * @value_type: as for DEFINE_HMAP()
 * @...: initialisers of members of struct hmap_params
 */
#define DEFINE_HMAP_PARAMS(name, key_type, value_type, ...)		\
struct name {								\
	struct hmap map;						\
};									\
									\
static const struct hmap_params name##_params = {			\
	.key_size = sizeof(key_type),					\
	.value_size = sizeof(value_type),				\
	__VA_ARGS__							\
};									\
									\
static inline int __maybe_unused name##_init(struct name *m)		\
{									\
	return hmap_init(&m->map, &name##_params);			\
}									\
									\
static inline void __maybe_unused name##_destroy(struct name *m)	\
{									\
	hmap_destroy(&m->map);						\
}									\
									\
static __always_inline int __maybe_unused				\
name##_get(struct name *m, key_type key, value_type *value)		\
{									\
	return hmap_get_inline(&m->map, &key, value, name##_params);	\
}									\
									\
static __always_inline unsigned int __maybe_unused			\
name##_get_batch(struct name *m, const key_type *keys, unsigned int n,	\
		 value_type *values, unsigned long *found)		\
{									\
	return hmap_get_batch_inline(&m->map, keys, n, values, found,	\
				     name##_params);			\
}									\
									\
static inline int __maybe_unused					\
name##_put(struct name *m, key_type key, value_type value,		\
	   unsigned int flags, gfp_t gfp)				\
{									\
	return hmap_put(&m->map, &key, &value, flags, gfp);		\
}									\
									\
static inline int __maybe_unused					\
name##_pop(struct name *m, key_type key, value_type *value)		\
{									\
	return hmap_pop(&m->map, &key, value);				\
}									\
									\
static inline int __maybe_unused name##_delete(struct name *m, key_type key) \
{									\
	return hmap_delete(&m->map, &key);				\
}									\
struct name

#endif /* _LINUX_HMAP_TYPED_H */
