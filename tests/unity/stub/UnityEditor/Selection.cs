namespace UnityEditor
{
    public sealed partial class Selection
    {
        public static UnityEngine.Object activeObject { get; set; }
    }
}
