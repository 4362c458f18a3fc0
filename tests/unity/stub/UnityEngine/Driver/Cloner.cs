using System;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine.Stub
{
    // Object.Instantiate: the hierarchy, and the fields that Unity would serialise.
    internal static class Cloner
    {
        internal static Object Clone(Object original, Transform parent)
        {
            var asset = original as ScriptableObject;
            if (asset != null)
            {
                ScriptableObject copy = ScriptableObject.CreateInstance(asset.GetType());
                CopyFields(asset, copy, new Dictionary<Object, Object>());
                copy.SetName(asset.OwnName + "(Clone)");
                return copy;
            }
            var component = original as Component;
            GameObject source = component == null ? (GameObject)original : component.owner;
            var pairs = new Dictionary<Object, Object>();
            GameObject made = CloneTree(source, parent, pairs);
            made.SetName(source.OwnName + "(Clone)");
            foreach (KeyValuePair<Object, Object> pair in pairs) CopyFields(pair.Key, pair.Value, pairs);
            foreach (MonoBehaviour script in made.GetComponentsInChildren<MonoBehaviour>(true)) Lifecycle.Wake(script);
            return component == null ? made : pairs[component];
        }

        private static GameObject CloneTree(GameObject source, Transform parent, Dictionary<Object, Object> pairs)
        {
            var made = new GameObject(source.OwnName);
            made.SetActive(source.activeSelf);
            made.layer = source.layer;
            made.transform.SetParent(parent, false);
            made.transform.localPosition = source.transform.localPosition;
            made.transform.localRotation = source.transform.localRotation;
            made.transform.localScale = source.transform.localScale;
            pairs[source] = made;
            pairs[source.transform] = made.transform;
            foreach (Component one in source.components)
            {
                if (one is Transform) continue;
                var copy = (Component)Activator.CreateInstance(one.GetType(), true);
                var behaviour = one as Behaviour;
                if (behaviour != null) ((Behaviour)copy).ownEnabled = behaviour.ownEnabled;
                Lifecycle.Attach(made, copy);
                pairs[one] = copy;
            }
            foreach (Transform child in source.transform.below) CloneTree(child.owner, made.transform, pairs);
            return made;
        }

        private static void CopyFields(Object from, Object to, Dictionary<Object, Object> pairs)
        {
            const BindingFlags Flags = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
                | BindingFlags.DeclaredOnly;
            for (Type type = from.GetType(); type.Assembly != typeof(Object).Assembly; type = type.BaseType)
            {
                foreach (FieldInfo field in type.GetFields(Flags))
                {
                    bool isSerialised = field.IsPublic ? !field.IsNotSerialized : field.IsDefined(typeof(SerializeField));
                    if (!isSerialised || field.IsInitOnly) continue;
                    object value = field.GetValue(from);
                    var reference = value as Object;
                    Object clone;
                    if (!ReferenceEquals(reference, null) && pairs.TryGetValue(reference, out clone)) value = clone;
                    field.SetValue(to, value);
                }
            }
        }
    }
}
