using UnityEngine;

namespace UnityEditor
{
    public sealed partial class GameObjectUtility
    {
        public static void SetParentAndAlign(GameObject child, GameObject parent)
        {
            if (parent == null) return;
            child.transform.SetParent(parent.transform, false);
            child.layer = parent.layer;
        }
    }
}
